// Choosing the next token: adjustments of the logits, then temperature, top-k, top-p, min-p, and
// a draw. The device gives the best 256 logits and the log-sum-exp of all, and a draw asks in an
// order that these can mostly answer: first whether the token is one of the known ones or one of
// the kept rest, then which of the known ones, again until it is one that is kept. Where the best
// do not prove the answer, the caller fetches the whole row, which gives the same.
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

// The token drawn, or nothing if that depends on logits beyond the best; `random` is to be set back
// then.
std::optional<std::int32_t> sample_best(const BestLogits& best, const SamplerSettings& settings,
                                        const Adjustments& adjustments, Random& random);

// The same, and `random` left the same, from the whole row that the best are of.
std::int32_t sample_row(std::span<const float> row, const BestLogits& best,
                        const SamplerSettings& settings, const Adjustments& adjustments,
                        Random& random);

}  // namespace driftwood::guests::llama
