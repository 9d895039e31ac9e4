// How fast the tokens of many actors are when their runs are one submission.
#pragma once

#include <memory>
#include <vector>

#include <driftwood/bench.h>

#include "device/device.h"
#include "runtime/token_loop.h"

namespace driftwood {

inline constexpr std::uint32_t kBatchSequences = 16;
inline constexpr std::uint32_t kBatchPairs = 25;
inline constexpr std::uint32_t kBatchWarmUps = 2;  // steps before those that count

// One token of every loop in each step. The loops have begun over prompts of `past_rows` tokens, on
// one model and `device`, and have room for kBatchWarmUps + kBatchPairs more; `read_buffer` is what
// the read probe reads. Errors: those of the runs and of the guests.
Result<BenchReport::Batch> measure_batch(device::Device& device, const device::Buffer& read_buffer,
                                         std::vector<std::unique_ptr<TokenLoop>>& loops,
                                         std::uint32_t past_rows);

}  // namespace driftwood
