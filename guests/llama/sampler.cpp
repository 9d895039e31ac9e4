#include "llama/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

namespace driftwood::guests::llama {
namespace {

// How many of the descending weights it takes to reach `mass`; one more than there are if they do
// not.
std::size_t nucleus_size(std::span<const double> weights, double mass) {
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    if (sum >= mass) return i + 1;
  }
  return weights.size() + 1;
}

// How many of the descending weights, of which the first is 1, are not below `least`.
std::size_t probable_size(std::span<const double> weights, double least) {
  const auto end = std::partition_point(weights.begin(), weights.end(),
                                        [least](double weight) { return weight >= least; });
  return static_cast<std::size_t>(end - weights.begin());
}

std::size_t draw(std::span<const double> weights, double uniform) {
  double left = uniform * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0) return i;
  }
  return weights.size() - 1;
}

std::uint32_t candidate_count(std::uint32_t vocabulary_size, std::uint32_t top_k) {
  return top_k == 0 ? vocabulary_size : std::min(top_k, vocabulary_size);
}

}  // namespace

Random::Random(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

double Random::uniform() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return static_cast<double>(result >> 11) * 0x1p-53;
}

std::optional<std::int32_t> sample_best(const BestLogits& best, const SamplerSettings& settings,
                                        const Adjustments& adjustments, double uniform) {
  if (settings.temperature == 0 && adjustments.ids().empty()) return best.ids.front();
  const Ranking ranking = rank(best, adjustments);
  if (ranking.certain.empty()) return std::nullopt;
  const double largest = ranking.certain.front().logit;
  if (settings.temperature == 0 || !std::isfinite(largest)) return ranking.certain.front().id;

  const std::uint32_t candidates = candidate_count(best.vocabulary_size, settings.top_k);
  std::vector<double> weights(std::min<std::size_t>(ranking.certain.size(), candidates));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::exp((ranking.certain[i].logit - largest) / settings.temperature);
  }
  const auto beyond = static_cast<std::uint32_t>(candidates - weights.size());
  // One more than there are stands for tokens beyond.
  std::size_t least_kept = probable_size(weights, settings.min_p);
  if (least_kept == weights.size() && beyond > 0) ++least_kept;
  std::size_t most_kept = least_kept;
  if (settings.top_p < 1) {
    const Range rest =
        beyond == 0 ? Range{0, 0} : rest_sum(ranking, best, beyond, settings.temperature);
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    least_kept = std::min(least_kept, nucleus_size(weights, settings.top_p * (sum + rest.least)));
    most_kept = std::min(most_kept, nucleus_size(weights, settings.top_p * (sum + rest.most)));
  }
  if (most_kept > weights.size()) return std::nullopt;
  // The more are kept, the further the draw reaches: where both ends agree, so does all between.
  const std::size_t drawn = draw(std::span(weights).first(least_kept), uniform);
  if (drawn != draw(std::span(weights).first(most_kept), uniform)) return std::nullopt;
  return ranking.certain[drawn].id;
}

std::int32_t sample_row(std::span<const float> row, const SamplerSettings& settings,
                        const Adjustments& adjustments, double uniform) {
  std::vector<float> logits(row.begin(), row.end());
  for (const std::int32_t id : adjustments.ids()) {
    logits[id] = adjustments.adjusted(id, logits[id]);
  }
  const auto most = std::max_element(logits.begin(), logits.end());
  const double largest = *most;
  if (settings.temperature == 0 || !std::isfinite(largest)) {
    return static_cast<std::int32_t>(most - logits.begin());
  }
  std::vector<std::int32_t> ids(row.size());
  std::iota(ids.begin(), ids.end(), 0);
  const std::uint32_t candidates =
      candidate_count(static_cast<std::uint32_t>(row.size()), settings.top_k);
  // Where nothing is cut off the order does not matter, and sorting would cost more than all the
  // rest.
  if (candidates < row.size() || settings.top_p < 1 || settings.min_p > 0) {
    std::partial_sort(ids.begin(), ids.begin() + candidates, ids.end(),
                      [&](std::int32_t a, std::int32_t b) {
                        return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
                      });
  }
  std::vector<double> weights(candidates);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::exp((logits[ids[i]] - largest) / settings.temperature);
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const std::size_t kept =
      std::min(nucleus_size(weights, settings.top_p * sum),
               settings.min_p > 0 ? probable_size(weights, settings.min_p) : weights.size());
  return ids[draw(std::span(weights).first(kept), uniform)];
}

}  // namespace driftwood::guests::llama
