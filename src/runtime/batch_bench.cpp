#include "runtime/batch_bench.h"

#include <algorithm>

#include "os/process.h"
#include "runtime/op_bytes.h"
#include "runtime/statistics.h"

namespace driftwood {
namespace {

constexpr std::uint64_t kWaitNs = 600'000'000'000;

// Nanoseconds that the device takes for one token of all loops together.
Result<std::uint64_t> step(device::Device& device, std::vector<std::unique_ptr<TokenLoop>>& loops) {
  const auto executable = loops.front()->run().executable;
  std::vector<device::Sequence> sequences;
  for (const auto& loop : loops) {
    if (loop->run().executable != executable) {
      return fail(ErrorCode::guest_failed, "The guests of the batch ask for different programs.");
    }
    sequences.push_back(loop->run().sequence);
  }
  const std::uint64_t begin_ns = os::monotonic_ns();
  DW_TRY_ASSIGN(const auto serial, device.submit(executable, sequences));
  DW_TRY(device.wait(serial, kWaitNs));
  const std::uint64_t duration_ns = os::monotonic_ns() - begin_ns;
  for (const auto& loop : loops) DW_TRY(loop->finish_run());
  return duration_ns;
}

// Of all sequences together: the products and sums of one step, and the bytes that it reads. The
// weights are read once for all of them, the cache by each.
BenchReport::Batch expected(const std::vector<std::unique_ptr<TokenLoop>>& loops,
                            std::uint32_t past_rows) {
  const auto& run = loops.front()->run();
  const graph::Program& program = run.executable->program();
  const auto count = static_cast<double>(loops.size());
  const double alone = run_bytes(program, past_rows), cache = cache_bytes(program, past_rows);
  return {.sequences = static_cast<std::uint32_t>(loops.size()),
          .step_flops = count * linear_flops(program, run.sequence.symbols),
          .step_bytes = alone + (count - 1) * cache};
}

}  // namespace

Result<BenchReport::Batch> measure_batch(device::Device& device, const device::Buffer& read_buffer,
                                         std::vector<std::unique_ptr<TokenLoop>>& loops,
                                         std::uint32_t past_rows) {
  BenchReport::Batch batch = expected(loops, past_rows);
  for (std::uint32_t i = 0; i < kBatchWarmUps; ++i) DW_TRY(step(device, loops));
  std::vector<double> ms, of_arithmetic, of_read, of_limit;
  for (std::uint32_t i = 0; i < kBatchPairs; ++i) {
    DW_TRY_ASSIGN(const auto read, device.measure_read(read_buffer));
    DW_TRY_ASSIGN(const double flops_before, device.measure_arithmetic());
    DW_TRY_ASSIGN(const std::uint64_t duration_ns, step(device, loops));
    DW_TRY_ASSIGN(const double flops_after, device.measure_arithmetic());
    const double seconds = static_cast<double>(duration_ns) * 1e-9;
    ms.push_back(seconds * 1e3);
    // What else the machine does changes between the two, so the peak is the mean around the step.
    of_arithmetic.push_back(batch.step_flops / seconds / ((flops_before + flops_after) / 2));
    of_read.push_back(batch.step_bytes / seconds / read.bytes_per_second);
    of_limit.push_back(std::max(of_arithmetic.back(), of_read.back()));
  }
  batch.step_ms = spread_of(ms);
  batch.share_of_arithmetic = spread_of(of_arithmetic);
  batch.share_of_read = spread_of(of_read);
  batch.share_of_limit = spread_of(of_limit);
  return batch;
}

}  // namespace driftwood
