// A guest that is part of this program: its exports are functions, and the imports it is linked
// with copy their arguments to where the bodies of abi_imports.h look for them.
#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

#include "guest/abi.h"
#include "guest/abi_imports.h"
#include "guest/guest_instance.h"
#include "guest/native_memory.h"

namespace driftwood::guest {
namespace {

class NativeInstance final : public GuestInstance {
 public:
  NativeInstance(NativeExports exports, Services services, NativeMemory given)
      : GuestInstance(std::move(services)), memory(std::move(given)), exports_(exports) {
    state.memory = GuestMemory(memory.region());
    alive = this;
  }
  ~NativeInstance() override { alive = nullptr; }

  Result<std::int32_t> start() override { return exports_.start(); }
  Result<std::int32_t> resume(std::int32_t event, std::int32_t status) override {
    return exports_.resume(event, status);
  }
  void set_watch(std::function<Result<void>()>) override {}
  void interrupt() override {}
  void clear_data() override {}

  std::shared_ptr<const Module> module() const override { return nullptr; }
  std::vector<Global> globals() const override { return {}; }
  Result<void> set_globals(std::span<const Global>) override { return cannot_be_frozen(); }
  Result<void> grow_memory(std::uint64_t) override { return cannot_be_frozen(); }

  NativeMemory memory;

  // The one that the imports serve; null outside a guest's life.
  static inline NativeInstance* alive = nullptr;

 private:
  static Result<void> cannot_be_frozen() {
    return fail(ErrorCode::unsupported, "A guest of this program cannot be frozen.");
  }

  NativeExports exports_;
};

using Arguments = NativeArguments;

// Gives a guest's call to the body of its import.
template <typename Body>
std::int32_t serve(Body body) {
  NativeInstance* const guest = NativeInstance::alive;
  if (guest == nullptr) return DW_E_INVALID;
  Arguments arguments(*guest->memory.region());
  try {
    return abi::to_guest(guest->state, body(guest->state, arguments));
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  return abi::to_guest(guest->state, abi::without_memory());
}

// The same for an import that writes up to `capacity` units and gives the whole count of them.
template <typename Body>
std::int32_t serve_units(void* to, std::uint32_t capacity, std::uint32_t unit_bytes, Body body) {
  return serve([&](GuestState& guest, Arguments& arguments) -> abi::Answer {
    const std::uint32_t out = arguments.out(to, std::uint64_t{capacity} * unit_bytes);
    auto answer = body(guest, arguments, out);
    if (answer) arguments.copy_back(std::min<std::uint64_t>(*answer, capacity) * unit_bytes);
    return answer;
  });
}

// The same for an import that fills one record.
template <typename Record, typename Body>
std::int32_t serve_record(Record* to, Body body) {
  return serve([&](GuestState& guest, Arguments& arguments) -> abi::Answer {
    const std::uint32_t out = arguments.out(to, sizeof(Record));
    auto answer = body(guest, arguments, out);
    if (answer) arguments.copy_back(sizeof(Record));
    return answer;
  });
}

std::uint32_t word(std::int32_t value) {
  return static_cast<std::uint32_t>(value);
}

}  // namespace

Result<std::unique_ptr<GuestInstance>> make_native_instance(NativeExports exports,
                                                            Services services) {
  if (NativeInstance::alive != nullptr) {
    return fail(ErrorCode::limit, "A native guest lives already; a process has one at a time.");
  }
  DW_TRY_ASSIGN(auto memory, NativeMemory::create(services.limits.memory_bytes));
  return std::make_unique<NativeInstance>(exports, std::move(services), std::move(memory));
}

}  // namespace driftwood::guest

using namespace driftwood::guest;

extern "C" {

void* dw_native_allocate(std::uint32_t size) {
  return NativeInstance::alive == nullptr ? nullptr : NativeInstance::alive->memory.allocate(size);
}

void dw_native_free(void* address) {
  if (NativeInstance::alive != nullptr) {
    NativeInstance::alive->memory.free(static_cast<const std::byte*>(address));
  }
}

std::int32_t dw_abi_version(void) {
  return serve([](GuestState& guest, Arguments&) { return abi::abi_version(guest); });
}

std::int32_t dw_log(std::int32_t level, const char* text, std::uint32_t size) {
  return serve([&](GuestState& guest, Arguments& arguments) {
    return abi::log(guest, word(level), arguments.in(text, size), size);
  });
}

std::int32_t dw_error_text(char* out, std::uint32_t capacity) {
  return serve_units(out, capacity, 1, [&](GuestState& guest, Arguments&, std::uint32_t to) {
    return abi::error_text(guest, to, capacity);
  });
}

std::int32_t dw_model_open(std::uint32_t index) {
  return serve([&](GuestState& guest, Arguments&) { return abi::model_open(guest, index); });
}

std::int32_t dw_model_config(std::int32_t model, std::uint32_t which, char* out,
                             std::uint32_t capacity) {
  return serve_units(out, capacity, 1, [&](GuestState& guest, Arguments&, std::uint32_t to) {
    return abi::model_config(guest, word(model), which, to, capacity);
  });
}

std::int32_t dw_model_weight(std::int32_t model, const char* name, std::uint32_t name_size,
                             dw_weight_info* out) {
  return serve_record(out, [&](GuestState& guest, Arguments& arguments, std::uint32_t to) {
    return abi::model_weight(guest, word(model), arguments.in(name, name_size), name_size, to);
  });
}

std::int32_t dw_tokens_encode(std::int32_t model, const char* text, std::uint32_t size,
                              std::uint32_t add_special, std::int32_t* ids,
                              std::uint32_t capacity) {
  return serve_units(ids, capacity, sizeof(*ids),
                     [&](GuestState& guest, Arguments& arguments, std::uint32_t to) {
                       return abi::tokens_encode(guest, word(model), arguments.in(text, size), size,
                                                 add_special, to, capacity);
                     });
}

std::int32_t dw_tokens_decode(std::int32_t model, const std::int32_t* ids, std::uint32_t count,
                              std::uint32_t skip, std::uint32_t complete, char* out,
                              std::uint32_t capacity) {
  return serve_units(
      out, capacity, 1, [&](GuestState& guest, Arguments& arguments, std::uint32_t to) {
        const std::uint32_t from = arguments.in(ids, std::uint64_t{count} * sizeof(*ids));
        return abi::tokens_decode(guest, word(model), from, count, skip, complete, to, capacity);
      });
}

std::int32_t dw_window_share(void* address, std::uint32_t size, std::uint32_t access) {
  return serve([&](GuestState& guest, Arguments&) {
    return abi::window_share(guest, NativeInstance::alive->memory.offset_of(address), size, access);
  });
}

std::int32_t dw_state_append(const dw_state_shape* shape) {
  return serve([&](GuestState& guest, Arguments& arguments) {
    return abi::state_append(guest, arguments.in(shape, sizeof(*shape)));
  });
}

std::int32_t dw_state_register(const dw_register_shape* shape) {
  return serve([&](GuestState& guest, Arguments& arguments) {
    return abi::state_register(guest, arguments.in(shape, sizeof(*shape)));
  });
}

std::int32_t dw_state_length(std::int32_t state) {
  return serve(
      [&](GuestState& guest, Arguments&) { return abi::state_length(guest, word(state)); });
}

std::int32_t dw_state_truncate(std::int32_t state, std::uint32_t rows) {
  return serve(
      [&](GuestState& guest, Arguments&) { return abi::state_truncate(guest, word(state), rows); });
}

std::int32_t dw_state_tokens(std::int32_t state, std::uint32_t first, const std::int32_t* ids,
                             std::uint32_t count) {
  return serve([&](GuestState& guest, Arguments& arguments) {
    const std::uint32_t at = arguments.in(ids, std::uint64_t{count} * sizeof(*ids));
    return abi::state_tokens(guest, word(state), first, at, count);
  });
}

std::int32_t dw_release(std::int32_t handle) {
  return serve([&](GuestState& guest, Arguments&) { return abi::release(guest, word(handle)); });
}

std::int32_t dw_graph_compile(std::int32_t model, const void* program, std::uint32_t size) {
  return serve([&](GuestState& guest, Arguments& arguments) {
    return abi::graph_compile(guest, word(model), arguments.in(program, size), size);
  });
}

std::int32_t dw_graph_bind(std::int32_t graph, const dw_binding* bindings, std::uint32_t count) {
  return serve([&](GuestState& guest, Arguments& arguments) {
    const std::uint32_t from = arguments.in(bindings, std::uint64_t{count} * sizeof(*bindings));
    return abi::graph_bind(guest, word(graph), from, count);
  });
}

std::int32_t dw_graph_start(std::int32_t graph, const std::uint32_t* symbols, std::uint32_t count) {
  return serve([&](GuestState& guest, Arguments& arguments) {
    const std::uint32_t from = arguments.in(symbols, std::uint64_t{count} * sizeof(*symbols));
    return abi::graph_start(guest, word(graph), from, count);
  });
}

std::int32_t dw_graph_cancel(std::int32_t run) {
  return serve([&](GuestState& guest, Arguments&) { return abi::graph_cancel(guest, word(run)); });
}

std::int32_t dw_message_read(void* out, std::uint32_t capacity) {
  return serve_units(out, capacity, 1, [&](GuestState& guest, Arguments&, std::uint32_t to) {
    return abi::message_read(guest, to, capacity);
  });
}

std::int32_t dw_output_write(const void* record, std::uint32_t size) {
  return serve([&](GuestState& guest, Arguments& arguments) {
    return abi::output_write(guest, arguments.in(record, size), size);
  });
}

std::int32_t dw_random_seed(std::uint64_t* out) {
  return serve_record(out, [](GuestState& guest, Arguments&, std::uint32_t to) {
    return abi::random_seed(guest, to);
  });
}

std::int32_t dw_now(std::uint64_t* out) {
  return serve_record(
      out, [](GuestState& guest, Arguments&, std::uint32_t to) { return abi::now(guest, to); });
}

}  // extern "C"
