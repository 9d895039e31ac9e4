#include "llama/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace driftwood::guests::llama {
namespace {

// The share by which the sum that the log-sum-exp stands for may be off. It is an f32 sum in
// sixteen lanes (docs/numerics.md), each of whose additions may lose half a unit of what is there
// already, so that many small terms behind a large one leave no trace; the logarithm is rounded,
// too.
double sum_slack(const BestLogits& best) {
  constexpr double kHalfUnit = 0x1p-24;
  const double additions = best.vocabulary_size / 16.0 + 32;
  return (additions + 2 * std::abs(best.log_sum_exp)) * kHalfUnit;
}

// Between what the logits beyond the best sum up to before they are adjusted, as exp(logit -
// largest of the best).
Range sum_beyond(const BestLogits& best) {
  const double largest = best.logits.front();
  double known = 0;
  for (const float logit : best.logits) known += std::exp(logit - largest);
  const double all = std::exp(static_cast<double>(best.log_sum_exp) - largest);
  const double slack = sum_slack(best);
  return {std::max(0.0, all * (1 - slack) - known), std::max(0.0, all * (1 + slack) - known)};
}

}  // namespace

Ranking rank(const BestLogits& best, const Adjustments& adjustments) {
  const float last = best.logits.back();
  const bool whole = best.ids.size() == best.vocabulary_size;
  Ranking ranking = {{}, {}, whole ? -std::numeric_limits<float>::infinity() : last, 0, 0};
  std::vector<Ranked>& certain = ranking.certain;
  certain.reserve(best.ids.size());
  for (std::size_t i = 0; i < best.ids.size(); ++i) {
    certain.push_back({best.ids[i], adjustments.adjusted(best.ids[i], best.logits[i])});
  }
  if (adjustments.ids().empty()) return ranking;

  std::sort(certain.begin(), certain.end(), [](const Ranked& a, const Ranked& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  });
  if (whole) return ranking;
  const auto adjusted = std::count_if(best.ids.begin(), best.ids.end(),
                                      [&](std::int32_t id) { return adjustments.contains(id); });
  ranking.adjusted_beyond = static_cast<std::uint32_t>(adjustments.ids().size() - adjusted);
  for (const std::int32_t id : adjustments.ids()) {
    if (!adjustments.may_raise(id)) continue;
    if (std::find(best.ids.begin(), best.ids.end(), id) != best.ids.end()) continue;
    ++ranking.raised_beyond;
    ranking.ceiling = std::max(ranking.ceiling, adjustments.adjusted(id, last));
  }
  // An equal one beyond may have the lower id.
  const auto end = std::partition_point(certain.begin(), certain.end(), [&](const Ranked& ranked) {
    return ranked.logit > ranking.ceiling;
  });
  ranking.uncertain.assign(end, certain.end());
  certain.erase(end, certain.end());
  return ranking;
}

Range rest_sum(const Ranking& ranking, const BestLogits& best, std::uint32_t count,
               double temperature) {
  const double first = ranking.certain.front().logit;
  const auto weight = [&](double logit) { return std::exp((logit - first) / temperature); };
  const double last = best.logits.back(), largest = best.logits.front();
  const bool all = count + ranking.certain.size() == best.vocabulary_size;
  double uncertain = 0;
  for (const Ranked& ranked : ranking.uncertain) uncertain += weight(ranked.logit);

  Range sum = {0, count * weight(ranking.ceiling)};
  const Range beyond = sum_beyond(best);
  // Below temperature 1 each of those beyond shrinks at least as much as the last of the best does.
  if (temperature <= 1) {
    const double most =
        beyond.most * std::exp(last * (1 / temperature - 1) + largest - first / temperature);
    sum.most =
        std::min(sum.most, uncertain + most + ranking.raised_beyond * weight(ranking.ceiling));
  }
  // From temperature 1 on none of them shrinks, but for those that the adjustments lower.
  if (temperature >= 1 && all) {
    const double least = beyond.least * std::exp(largest - first);
    sum.least = uncertain + std::max(0.0, least - ranking.adjusted_beyond * weight(last));
  }
  return sum;
}

}  // namespace driftwood::guests::llama
