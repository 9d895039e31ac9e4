// One submission on its way: its operands' addresses, its arena, and the op that comes next.
//
// Lifetime: runs are used again and again, so that a steady stream of equal submissions allocates
// nothing. Threads: cancel() any, the rest one at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/error.h"
#include "device/buffer.h"
#include "device/cpu/executable.h"
#include "device/cpu/kernel.h"
#include "device/device.h"
#include "graph/memory_plan.h"
#include "os/team.h"

namespace driftwood::device::cpu {

class Run {
 public:
  // Makes a submission ready. Errors: limit for more temporaries than a run may have; out_of_memory
  // for the arena.
  Result<void> prepare(Serial serial, std::shared_ptr<const CpuExecutable> executable,
                       std::span<const Sequence> sequences);

  Serial serial() const { return serial_; }

  // Works until the end, until cancel(), or until `deadline_ns` has passed, at least one piece of
  // an op. Nothing when there is more to do; otherwise how the run ended, which stays so. An
  // observer that is not empty is told of each op.
  std::optional<Result<void>> advance(os::Team& team, std::uint64_t deadline_ns,
                                      const OpObserver& observer);

  void cancel() { cancelled_ = true; }

  // Lets go of the executable; memory of a usual size stays for the next submission.
  void release();

 private:
  void count_rows(std::span<const Sequence> sequences);
  Result<void> lay_out();
  void place_tensor(std::uint32_t tensor, std::span<const Sequence> sequences);
  void bind_states(std::span<const Sequence> sequences);
  Call make_call(const Step& step);
  void work_in_pieces(const Step& step, const Call& call, const Work& work, os::Team& team,
                      std::uint64_t deadline_ns);
  Result<void> fault(std::size_t step);
  void report(const Call& call, const OpObserver& observer);

  Serial serial_{};
  std::shared_ptr<const CpuExecutable> executable_;
  std::size_t sequence_count_ = 0;
  std::vector<RowMap> rows_;                 // by row dimension
  std::vector<Operand> tensors_;             // by tensor
  std::vector<std::byte*> bases_;            // [tensors, sequences]
  std::vector<BoundState> states_;           // [slots, sequences]
  std::vector<std::uint64_t> tensor_bytes_;  // of all sequences
  graph::MemoryPlan::Layout layout_;
  std::unique_ptr<Buffer> arena_;
  FaultReport faults_;
  std::size_t next_step_ = 0;
  std::uint64_t step_ns_ = 0;    // that this step took so far, if there is an observer
  std::uint64_t next_item_ = 0;  // of that step; items are independent, so any cut keeps the bits
  std::optional<Result<void>> ended_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace driftwood::device::cpu
