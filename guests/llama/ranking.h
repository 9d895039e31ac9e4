// What the best of a row say about its order once the logits are adjusted. Of a token that is not
// among the best it is known that its logit is not above the last of them; its adjusted logit has a
// bound by that, too.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "llama/adjustments.h"

namespace driftwood::guests::llama {

// The best of one row of logits: descending, the lower id first among equals.
struct BestLogits {
  std::span<const std::int32_t> ids;
  std::span<const float> logits;
  float log_sum_exp;              // of the whole row
  std::uint32_t vocabulary_size;  // of the whole row
};

struct Ranked {
  std::int32_t id;
  float logit;  // adjusted
};

struct Ranking {
  std::vector<Ranked> certain;    // the first of the adjusted row, in its order
  std::vector<Ranked> uncertain;  // the rest of the best; tokens beyond may stand between them
  float ceiling;                  // no adjusted logit beyond the certain ones is above it
  std::uint32_t adjusted_beyond;  // tokens beyond the best that are adjusted
  std::uint32_t raised_beyond;    // those of them whose logit may rise
};

Ranking rank(const BestLogits& best, const Adjustments& adjustments);

struct Range {
  double least, most;
};

// Between what the `count` first tokens behind the certain ones sum up to, as
// exp((adjusted logit - that of the first certain one) / temperature).
Range rest_sum(const Ranking& ranking, const BestLogits& best, std::uint32_t count,
               double temperature);

}  // namespace driftwood::guests::llama
