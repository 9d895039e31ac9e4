// The seam between Driftwood and compute hardware. Public members check their arguments once, here,
// for all backends; a backend implements the private `_impl` members and trusts what it gets. Only
// registry.cpp knows which backends there are.
//
// Threads: one thread at a time per device, except cancel(), which any thread may call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "device/append_state.h"
#include "device/buffer.h"
#include "device/op_observer.h"
#include "device/register_state.h"
#include "graph/memory_plan.h"
#include "graph/program.h"
#include "memory/window.h"
#include "tensor/view.h"

namespace driftwood::device {

struct Capabilities {
  std::string name;         // as in --device: "cpu", "vulkan:0"
  std::string description;  // for people: "CPU, 2 threads, AVX2"
  std::string numerics;     // what later bits are guaranteed by: device kind, order version, mode
  bool imports_host_memory;
};

// What bytes were copied for.
enum class Purpose : std::size_t { weights, window, state };
inline constexpr std::size_t kPurposeCount = 3;

// Bytes copied since the device was opened, by Purpose. Work done in place counts nothing, and so
// does what the host reads or writes itself through Buffer::contents().
struct CopiedBytes {
  std::array<std::uint64_t, kPurposeCount> to_device = {};
  std::array<std::uint64_t, kPurposeCount> from_device = {};

  std::uint64_t total() const;
};

// Where a program's weights come from. Views stay valid for as long as the source.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // Errors: not_found.
  virtual Result<tensor::View> find(std::string_view name) const = 0;
  // Of all of them, ascending.
  virtual std::vector<std::string> names() const = 0;
};

// A program made ready for one device and one set of weights. Immutable; equal programs over the
// same weights share one, so that its address is what tells whether actors can run as one batch.
// Lifetime: the device that made it outlives it.
class Executable {
 public:
  virtual ~Executable() = default;
  const graph::Program& program() const { return *program_; }
  const WeightSource* weights() const { return weights_.get(); }  // null if the program has none
  const graph::MemoryPlan& plan() const { return plan_; }

  // Bytes that the temporaries of one sequence take at these symbol values, and at the symbols'
  // maxima, which is known beforehand and never less.
  std::uint64_t temporary_bytes(std::span<const std::uint32_t> symbols) const;
  std::uint64_t most_temporary_bytes() const { return most_temporary_bytes_; }

 protected:
  // `done_with`: as graph::MemoryPlan takes it.
  Executable(std::shared_ptr<const graph::Program> program,
             std::shared_ptr<const WeightSource> weights,
             std::span<const std::uint32_t> done_with = {});

 private:
  std::shared_ptr<const graph::Program> program_;
  std::shared_ptr<const WeightSource> weights_;
  graph::MemoryPlan plan_;
  std::uint64_t most_temporary_bytes_;
};

// One sequence of a submission: an actor's symbol values and what it bound to the program's slots.
struct Sequence {
  std::vector<std::uint32_t> symbols;
  std::vector<BufferPlace> windows;
  std::vector<AppendState*> states;
  std::vector<RegisterState*> registers = {};
};

// The bytes that a sequence binds to one window slot, for checks.
struct BoundWindow {
  const Buffer* buffer;  // null if begin and end are addresses of the host
  std::uint64_t begin, end;
  std::uint32_t sequence = 0, slot = 0;
  bool written = false;
};

// What a device reads from a buffer at most.
struct ReadPeak {
  double bytes_per_second;
  unsigned streams;  // places that each thread read at once
};

// Numbers a submission of one device, ascending.
enum class Serial : std::uint64_t {};

class Device {
 public:
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Capabilities& capabilities() const { return capabilities_; }

  // A buffer over the very bytes of a share window. Never a copy.
  // Errors: unsupported, with the rule that is broken, when the device cannot address them in
  // place.
  Result<std::unique_ptr<Buffer>> import_host(memory::Import window);

  // Memory of the device's own, zero-filled, read-write. Errors: invalid_argument for 0 bytes;
  // out_of_memory.
  Result<std::unique_ptr<Buffer>> allocate(std::uint64_t size_bytes);

  // The same with any bytes, also those of another actor: the caller writes all of it before
  // anything reads it.
  Result<std::unique_ptr<Buffer>> allocate_unfilled(std::uint64_t size_bytes);

  // Copies within the device, finished on return; nothing crosses, so nothing is counted. The
  // ranges do not overlap. Errors: invalid_argument outside a buffer.
  Result<void> copy(const BufferPlace& from, const BufferPlace& to, std::uint64_t size_bytes);

  // Copies, finished on return and counted. Errors: invalid_argument outside the buffer.
  Result<void> upload(const Buffer& to, std::uint64_t offset_bytes, std::span<const std::byte> from,
                      Purpose purpose);
  Result<void> download(const Buffer& from, std::uint64_t offset_bytes, std::span<std::byte> to,
                        Purpose purpose);
  const CopiedBytes& copied_bytes() const { return copied_bytes_; }

  // Makes a program ready: finds its weights, checks their dtypes and shapes, chooses kernels,
  // plans memory. Equal programs over the same weights give the same executable while anybody holds
  // it. Errors: not_found for a weight; invalid_argument for one of another dtype or shape;
  // unsupported for an op that the device has no kernel for.
  Result<std::shared_ptr<const Executable>> compile(std::shared_ptr<const graph::Program> program,
                                                    std::shared_ptr<const WeightSource> weights);

  // What compile() gave for the program of these bytes over these weights, if anybody holds it;
  // null otherwise. Spares whoever has only the bytes from decoding them.
  std::shared_ptr<const Executable> find_compiled(std::span<const std::byte> encoded,
                                                  const WeightSource* weights) const;

  static constexpr std::size_t kMostSequences = 128;  // in one submission

  // Queues one run of `executable` over all sequences; each gives the bits that it gives alone.
  // Sequences may differ in symbols that only count rows. Buffers, states and the executable stay
  // untouched by the caller until wait() has reported the run's end. Errors: invalid_argument for
  // no or too many sequences, a symbol above its maximum, a missing binding, a range outside its
  // buffer or off 4 bytes, a window that is written but shared for reading, one that is
  // written and shares bytes with another window of the submission, a state or register of
  // another shape or one that is in flight, or symbols that may not differ; limit when a state is
  // full or temporaries take more than the device allows; out_of_memory.
  Result<Serial> submit(std::shared_ptr<const Executable> executable,
                        std::span<const Sequence> sequences);

  // Waits for the end of a run, at most timeout_ns. When it succeeded, rows appended by it are live
  // and registers have their new values; in every other case all are as they were before. Errors:
  // timeout, the run going on (wait again, or cancel); cancelled; invalid_argument when index data
  // is out of range (the op is named); device_lost; not_found for a run that has been waited for.
  Result<void> wait(Serial serial, std::uint64_t timeout_ns);

  // Asks a run to end early; wait() then answers `cancelled`, or success if it came too late.
  void cancel(Serial serial) { cancel_impl(serial); }

  // Measures, now, what kernels are judged by: how fast all of the device together reads a buffer
  // that is much larger than its caches, and the f32 operations that it does in a second, a fused
  // multiply-add being two. Each takes some 10 ms. Errors: unsupported.
  Result<ReadPeak> measure_read(const Buffer& buffer) { return measure_read_impl(buffer); }
  Result<double> measure_arithmetic() { return measure_arithmetic_impl(); }

  // Tells `observer` of each op of each run from now on, within wait(); an empty one ends that. A
  // device that is observed may be slower. Errors: unsupported where ops are not done one by one.
  Result<void> observe(OpObserver observer) { return observe_impl(std::move(observer)); }

 protected:
  explicit Device(Capabilities capabilities) : capabilities_(std::move(capabilities)) {}

  // For a backend that ends while runs are in flight, and whose executables go before it.
  void forget_runs() { in_flight_.clear(); }

 private:
  virtual Result<std::unique_ptr<Buffer>> import_host_impl(memory::Import window) = 0;
  virtual Result<std::unique_ptr<Buffer>> allocate_impl(std::uint64_t size_bytes,
                                                        Filling filling) = 0;
  virtual Result<void> copy_impl(const BufferPlace& from, const BufferPlace& to,
                                 std::uint64_t size_bytes) = 0;
  virtual Result<void> upload_impl(const Buffer& to, std::uint64_t offset_bytes,
                                   std::span<const std::byte> from) = 0;
  virtual Result<void> download_impl(const Buffer& from, std::uint64_t offset_bytes,
                                     std::span<std::byte> to) = 0;
  // `weights` holds a view for each tensor whose place is weight, by tensor index.
  virtual Result<std::shared_ptr<const Executable>> compile_impl(
      std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
      const std::map<std::uint32_t, tensor::View>& views) = 0;
  virtual Result<void> submit_impl(Serial serial, std::shared_ptr<const Executable> executable,
                                   std::span<const Sequence> sequences) = 0;
  virtual Result<void> wait_impl(Serial serial, std::uint64_t timeout_ns) = 0;
  virtual void cancel_impl(Serial serial) = 0;
  virtual Result<ReadPeak> measure_read_impl(const Buffer&) {
    return refuse("read at a speed that can be measured");
  }
  virtual Result<double> measure_arithmetic_impl() {
    return refuse("compute at a speed that can be measured");
  }
  virtual Result<void> observe_impl(OpObserver) { return refuse("tell of single ops"); }

  std::unexpected<Error> refuse(std::string_view what) const {
    return fail(ErrorCode::unsupported, "Device {} does not {}.", capabilities_.name, what);
  }

  struct InFlight {
    std::shared_ptr<const Executable> executable;
    std::vector<AppendState*> states;
    std::vector<RegisterState*> registers;

    // Marks all that the sequences bind. Errors: those of the states; what is marked stays so.
    Result<void> begin(std::span<const Sequence> sequences);
    void end(bool succeeded);
  };

  Capabilities capabilities_;
  CopiedBytes copied_bytes_;
  std::uint64_t last_serial_ = 0;
  std::map<Serial, InFlight> in_flight_;
  std::vector<BoundWindow> bound_windows_;  // kept so that submissions allocate nothing
  std::map<std::uint64_t, std::vector<std::weak_ptr<const Executable>>>
      executables_;  // by program hash
};

}  // namespace driftwood::device
