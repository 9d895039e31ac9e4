// Choosing the next token: adjustments of the logits, then temperature, top-k, top-p, min-p, and
// one draw. The device gives the best 256 logits and the log-sum-exp of all; most draws need no
// more, and when the best do not provably hold what may be drawn, the caller fetches the whole row.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "llama/adjustments.h"
#include "llama/ranking.h"

namespace driftwood::guests::llama {

struct SamplerSettings {
  double temperature = 0.8;  // 0: the most probable
  std::uint32_t top_k = 40;  // 0: all
  double top_p = 0.95;
  double min_p = 0;  // of the most probable one's probability
};

// xoshiro256** 1.0 (Blackman and Vigna), its state filled from the seed by SplitMix64: the same
// numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  // From [0, 1), a multiple of 2^-53.
  double uniform();

 private:
  std::uint64_t state_[4];
};

// The token that a draw of `uniform` gives, or nothing if that depends on logits beyond the best.
std::optional<std::int32_t> sample_best(const BestLogits& best, const SamplerSettings& settings,
                                        const Adjustments& adjustments, double uniform);

// The same from a whole row.
std::int32_t sample_row(std::span<const float> row, const SamplerSettings& settings,
                        const Adjustments& adjustments, double uniform);

}  // namespace driftwood::guests::llama
