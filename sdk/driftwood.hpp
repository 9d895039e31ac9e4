// The guest's side of Driftwood in C++: handles that release themselves, typed tensors in memory
// that the device shares, programs, and coroutines. docs/abi.md is what lies beneath.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driftwood.h"
#include "driftwood_program.hpp"
#include "driftwood_result.hpp"
#include "driftwood_task.hpp"

namespace driftwood::sdk {

// A handle of the host, given back at the end.
class Handle {
 public:
  Handle() = default;
  explicit Handle(std::uint32_t number) : number_(static_cast<std::int32_t>(number)) {}
  Handle(Handle&& other) noexcept : number_(std::exchange(other.number_, 0)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Handle() {
    if (number_ != 0) dw_release(number_);
  }

  std::int32_t number() const { return number_; }  // 0: none

 private:
  std::int32_t number_ = 0;
};

// Elements in shared memory that know where they are, so that a graph can be bound to them.
template <typename T>
struct Shared {
  std::span<T> elements;
  std::uint32_t window = 0;  // handle
  std::uint32_t offset_bytes = 0;

  T& operator[](std::size_t i) const { return elements[i]; }
  std::size_t size() const { return elements.size(); }

  // Elements [begin, begin + count), for binding a graph to a part. Precondition: they are there.
  Shared part(std::size_t begin, std::size_t count) const {
    return {elements.subspan(begin, count), window,
            offset_bytes + static_cast<std::uint32_t>(begin * sizeof(T))};
  }
};

// Memory of this guest that the device works on in place: allocated and shared once, handed out in
// pieces. Lifetime: freed with the object, after the window is released; release the graphs bound
// to it first.
class SharedBuffer {
 public:
  static constexpr std::uint32_t kStepBytes = 65536;
  static constexpr std::uint32_t kAlignmentBytes = 64;

  // What take<T>(count) uses up, for adding up the size of a buffer.
  template <typename T>
  static constexpr std::uint64_t bytes_for(std::uint32_t count) {
    return round_up(std::uint64_t{count} * sizeof(T), kAlignmentBytes);
  }

  // At least this many bytes, zero-filled. Errors: DW_E_LIMIT for more than a guest's memory can
  // hold; DW_E_MEMORY for more than this guest's heap gives; those of dw_window_share.
  static Result<SharedBuffer> create(std::uint64_t size_bytes, dw_access access = DW_READ_WRITE) {
    if (size_bytes > kMostBytes) {
      return fail(DW_E_LIMIT, "A shared buffer of " + std::to_string(size_bytes) +
                                  " bytes is asked for; a guest's memory holds one of at most " +
                                  std::to_string(kMostBytes) + ".");
    }
    SharedBuffer buffer;
    buffer.size_bytes_ =
        static_cast<std::uint32_t>(round_up(std::max(size_bytes, std::uint64_t{1}), kStepBytes));
    buffer.bytes_ = static_cast<std::uint8_t*>(allocate(buffer.size_bytes_));
    if (buffer.bytes_ == nullptr) {
      return fail(DW_E_MEMORY, "The guest has no memory for a shared buffer of " +
                                   std::to_string(buffer.size_bytes_) + " bytes.");
    }
    std::fill_n(buffer.bytes_, buffer.size_bytes_, std::uint8_t{0});
    auto window = checked(dw_window_share(buffer.bytes_, buffer.size_bytes_, access));
    if (!window) return std::unexpected(window.error());
    buffer.window_ = Handle(*window);
    return buffer;
  }

  SharedBuffer() = default;
  SharedBuffer(SharedBuffer&& other) noexcept { swap(other); }
  SharedBuffer& operator=(SharedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~SharedBuffer() {
    window_ = Handle();
    free(bytes_);
  }

  // The next `count` elements. Ends the guest if they do not fit: sizes are the guest's own
  // arithmetic.
  template <typename T>
  Shared<T> take(std::uint32_t count) {
    const std::uint64_t bytes = bytes_for<T>(count);
    if (bytes > size_bytes_ - used_bytes_) std::abort();
    Shared<T> piece = {{reinterpret_cast<T*>(bytes_ + used_bytes_), count},
                       static_cast<std::uint32_t>(window_.number()),
                       used_bytes_};
    used_bytes_ += static_cast<std::uint32_t>(bytes);
    return piece;
  }

 private:
  // The largest multiple of kStepBytes that 32 bits hold.
  static constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 32) - kStepBytes;

#ifdef __wasm__
  static void* allocate(std::uint32_t size) { return std::aligned_alloc(kStepBytes, size); }
  static void free(void* address) { std::free(address); }
#else
  static void* allocate(std::uint32_t size) { return dw_native_allocate(size); }
  static void free(void* address) { dw_native_free(address); }
#endif

  static constexpr std::uint64_t round_up(std::uint64_t value, std::uint32_t step) {
    return (value + step - 1) / step * step;
  }
  void swap(SharedBuffer& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(size_bytes_, other.size_bytes_);
    std::swap(used_bytes_, other.used_bytes_);
    std::swap(window_, other.window_);
  }

  std::uint8_t* bytes_ = nullptr;
  std::uint32_t size_bytes_ = 0;
  std::uint32_t used_bytes_ = 0;
  Handle window_;
};

// The actor's model.
class Model {
 public:
  static Result<Model> open() {
    auto handle = checked(dw_model_open(0));
    if (!handle) return std::unexpected(handle.error());
    return Model(Handle(*handle));
  }

  std::int32_t number() const { return handle_.number(); }

  Result<std::string> config(dw_config which) const {
    std::string text;
    const std::int32_t result = read_text(text, [&](char* out, std::uint32_t capacity) {
      return dw_model_config(number(), which, out, capacity);
    });
    if (result < 0) return std::unexpected(last_error(result));
    return text;
  }

  bool has_tokenizer() const {
    return dw_tokens_encode(number(), nullptr, 0, false, nullptr, 0) != DW_E_NOT_FOUND;
  }

  // Errors: DW_E_NOT_FOUND.
  Result<dw_weight_info> weight(std::string_view name) const {
    dw_weight_info info = {};
    auto found = succeeded(
        dw_model_weight(number(), name.data(), static_cast<std::uint32_t>(name.size()), &info));
    if (!found) return std::unexpected(found.error());
    return info;
  }

  Result<std::vector<std::int32_t>> encode(std::string_view text, bool add_special) const {
    std::vector<std::int32_t> ids(text.size() + 8);
    for (;;) {
      auto count = checked(dw_tokens_encode(number(), text.data(),
                                            static_cast<std::uint32_t>(text.size()), add_special,
                                            ids.data(), static_cast<std::uint32_t>(ids.size())));
      if (!count) return std::unexpected(count.error());
      const bool complete = *count <= ids.size();
      ids.resize(*count);
      if (complete) return ids;
    }
  }

  // The text that ids[skip..] add to that of ids[..skip); see dw_tokens_decode.
  Result<std::string> decode(std::span<const std::int32_t> ids, std::size_t skip,
                             bool complete) const {
    std::string text(64, '\0');
    const std::int32_t result = read_text(text, [&](char* out, std::uint32_t capacity) {
      return dw_tokens_decode(number(), ids.data(), static_cast<std::uint32_t>(ids.size()),
                              static_cast<std::uint32_t>(skip), complete, out, capacity);
    });
    if (result < 0) return std::unexpected(last_error(result));
    return text;
  }

 private:
  explicit Model(Handle handle) : handle_(std::move(handle)) {}

  Handle handle_;
};

// A state of rows that only grows, such as a KV cache.
class State {
 public:
  State() = default;
  static Result<State> create(const dw_state_shape& shape) {
    auto handle = checked(dw_state_append(&shape));
    if (!handle) return std::unexpected(handle.error());
    State state;
    state.handle_ = Handle(*handle);
    return state;
  }

  std::int32_t number() const { return handle_.number(); }
  Result<std::uint32_t> length() const { return checked(dw_state_length(number())); }
  Result<void> truncate(std::uint32_t rows) { return succeeded(dw_state_truncate(number(), rows)); }
  Result<void> name_tokens(std::uint32_t first, std::span<const std::int32_t> ids) {
    return succeeded(
        dw_state_tokens(number(), first, ids.data(), static_cast<std::uint32_t>(ids.size())));
  }

 private:
  Handle handle_;
};

// A value of fixed shape that each run rewrites, such as an LSTM's h and c. Begins as zero.
class Register {
 public:
  Register() = default;
  static Result<Register> create(DType dtype, std::initializer_list<std::uint32_t> dims) {
    dw_register_shape shape = {
        static_cast<std::uint32_t>(dtype), static_cast<std::uint32_t>(dims.size()), {}};
    if (dims.size() > std::size(shape.dims)) std::abort();
    std::ranges::copy(dims, shape.dims);
    auto handle = checked(dw_state_register(&shape));
    if (!handle) return std::unexpected(handle.error());
    Register state;
    state.handle_ = Handle(*handle);
    return state;
  }

  std::int32_t number() const { return handle_.number(); }

 private:
  Handle handle_;
};

// A compiled program and what its slots are bound to.
class Graph {
 public:
  Graph() = default;
  // `model` is where the weights come from; null for a program without weights.
  static Result<Graph> compile(const Model* model, const Program& program) {
    const std::vector<std::uint8_t> bytes = program.encode();
    auto handle = checked(dw_graph_compile(model == nullptr ? 0 : model->number(), bytes.data(),
                                           static_cast<std::uint32_t>(bytes.size())));
    if (!handle) return std::unexpected(handle.error());
    Graph graph;
    graph.handle_ = Handle(*handle);
    return graph;
  }

  // Binds a window slot (Program::slot) to shared elements.
  template <typename T>
  Result<void> bind(std::uint32_t slot, const Shared<T>& shared) {
    return bind({DW_SLOT_WINDOW, slot, shared.window, shared.offset_bytes});
  }
  Result<void> bind_state(std::uint32_t slot, const State& state) {
    return bind({DW_SLOT_STATE, slot, static_cast<std::uint32_t>(state.number()), 0});
  }
  Result<void> bind_register(std::uint32_t slot, const Register& state) {
    return bind({DW_SLOT_REGISTER, slot, static_cast<std::uint32_t>(state.number()), 0});
  }

  // co_await it: asks for one run with these symbol values and waits for its end.
  template <std::same_as<std::uint32_t>... Symbols>
  Run run(Symbols... symbols) {
    const std::array<std::uint32_t, sizeof...(symbols)> values = {symbols...};
    return Run(
        dw_graph_start(handle_.number(), values.data(), static_cast<std::uint32_t>(values.size())));
  }

 private:
  Result<void> bind(const dw_binding& binding) {
    return succeeded(dw_graph_bind(handle_.number(), &binding, 1));
  }

  Handle handle_;
};

}  // namespace driftwood::sdk
