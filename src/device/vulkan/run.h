// One submission on its way: what its kernels are told, its arena, and its recorded commands.
//
// All that differs between runs of a program lies in two pieces of memory that kernels read: the
// control block (a fault, the grids, and a kernels::Call for each task) and the tables (rows and
// bases by sequence, states and their blocks). So the commands are played again until another
// choice of kernels is needed; the GPU takes the grids from the control block.
//
// Lifetime: a run is used again and again for one executable, so that a steady stream of equal
// submissions writes only what changed. Threads: cancel() any, the rest one at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/error.h"
#include "device/device.h"
#include "device/kernels/call.h"
#include "device/vulkan/barriers.h"
#include "device/vulkan/executable.h"
#include "device/vulkan/queue.h"
#include "device/vulkan/transfer.h"
#include "graph/memory_plan.h"

namespace driftwood::device::vulkan {

// What runs work with. All of it outlives them.
struct Workshop {
  const Gpu& gpu;
  Queue& queue;
  Heap& heap;
  Transfer& transfer;
  const Pipelines& pipelines;
};

class Run {
 public:
  // Errors: out_of_memory.
  static Result<std::unique_ptr<Run>> create(const Workshop& workshop,
                                             std::shared_ptr<const VulkanExecutable> executable);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Makes a submission ready. Errors: limit for more temporaries than a run may have;
  // out_of_memory; those of the driver.
  // `one_by_one`: no kernel does several ops.
  Result<void> prepare(Serial serial, std::shared_ptr<const VulkanExecutable> executable,
                       std::span<const Sequence> sequences, bool one_by_one);

  // Has the GPU begin.
  Result<void> start();

  // Has the GPU do op by op instead, and tells `observer` of each. Finished on return. prepare()
  // was told so.
  Result<void> run_observed(const OpObserver& observer);

  Serial serial() const { return serial_; }

  // How the run ended. Errors: timeout when it has not yet.
  Result<void> wait(std::uint64_t timeout_ns);

  // Has the kernels do nothing whose grids the GPU has not yet read.
  void cancel();

  // Lets go of the executable; is_for() says whether it suits another submission.
  void release();
  bool is_for(const std::shared_ptr<const VulkanExecutable>& executable) const;
  bool is_useless() const { return made_for_.expired(); }

 private:
  explicit Run(const Workshop& workshop) : workshop_(workshop) {}

  // Sizes, which depend on the symbols and the spans alone.
  Result<void> size(std::span<const Sequence> sequences);
  void count_rows(std::span<const Sequence> sequences);
  std::vector<std::uint32_t> count_spans(std::span<const Sequence> sequences) const;
  Result<void> choose_kernels();
  Result<bool> choose(const Candidate& candidate, std::uint32_t number);
  Result<void> make_room();
  Result<bool> make_tables(std::span<const Sequence> sequences);

  // What kernels are told.
  void collect_bindings(std::span<const Sequence> sequences);
  void write_control();
  kernels::Tensor describe(std::uint32_t tensor) const;
  kernels::Call make_call(const Task& task) const;
  void write_rows();
  void write_states(std::span<const Sequence> sequences);

  // Commands.
  Result<void> record();
  Result<void> begin_commands();
  Result<void> end_commands();
  void record_step(const Step& step, Barriers& barriers, VkPipeline& bound);
  void record_barrier();

  Result<void> outcome();
  Result<std::vector<std::vector<std::byte>>> read_outputs(const Step& step) const;
  Result<std::vector<std::byte>> read_rows(std::uint32_t tensor) const;
  Result<std::vector<std::byte>> read_appended(const Step& step) const;

  std::size_t grid_offset(std::uint32_t candidate) const;
  std::size_t call_offset(std::uint32_t task) const;
  Address first_rows_address(std::uint32_t row_dim) const;

  Workshop workshop_;
  std::weak_ptr<const VulkanExecutable> made_for_;
  std::shared_ptr<const VulkanExecutable> executable_;  // while a submission is on its way
  Serial serial_{};
  Ticket ticket_{};
  std::vector<Sequence> sequences_;  // kept for an observer
  std::size_t sequence_count_ = 0;

  // What the sizes were made for: the symbols of all sequences, and by state the spans of its
  // longest sequence.
  std::vector<std::uint32_t> symbols_, spans_;
  bool one_by_one_ = false;
  std::vector<std::vector<std::uint32_t>> first_rows_;  // by row dimension: [sequences + 1]
  std::vector<kernels::Size> sizes_;                    // by tensor
  std::vector<std::uint64_t> tensor_bytes_;             // of all sequences
  graph::MemoryPlan::Layout layout_;
  std::uint64_t scratch_bytes_ = 0;
  std::vector<kernels::Grid> grids_;  // by candidate; of those that are not taken, zero
  std::vector<bool> chosen_;          // by candidate

  std::unique_ptr<VulkanBuffer> arena_;  // temporaries, then scratch
  Heap::Piece control_;
  Heap::Piece tables_;
  std::size_t states_offset_ = 0, bases_offset_ = 0, first_rows_offset_ = 0, blocks_offset_ = 0;
  std::vector<Address> bindings_;       // [windows and registers, sequences]
  std::vector<Address> told_bindings_;  // that the control block was written for
  std::vector<kernels::State> states_;
  std::vector<Address> blocks_, told_blocks_;
  std::vector<std::byte> control_bytes_;

  VkCommandBuffer commands_ = VK_NULL_HANDLE;
  std::optional<std::vector<bool>> recorded_;  // what was chosen when the commands were recorded
  std::atomic<bool> cancelled_ = false;
  std::optional<Result<void>> ended_;
};

}  // namespace driftwood::device::vulkan
