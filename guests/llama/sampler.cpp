#include "llama/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

namespace driftwood::guests::llama {
namespace {

// The log-sum-exp is an f32; what it says of the sum is believed to this share.
constexpr double kSumSlack = 1e-5;

struct Range {
  double least, most;
};

// Between what the candidates beyond the best sum up to, as exp((logit - largest) / temperature).
// `candidates` is how many there are in all, the best included.
Range tail_sum(const BestLogits& best, std::uint32_t candidates, double temperature) {
  const double largest = best.logits.front();
  const double last = best.logits.back() - largest;
  double known = 0;  // at temperature 1
  for (float logit : best.logits) known += std::exp(logit - largest);
  const double all = std::exp(best.log_sum_exp - largest);
  const double beyond = static_cast<double>(candidates - best.logits.size());

  // No logit beyond is above the last one of the best.
  Range tail = {0, beyond * std::exp(last / temperature)};
  // Below temperature 1 each of them shrinks at least as much as the last one does.
  if (temperature <= 1) {
    const double most_at_one = std::max(0.0, all * (1 + kSumSlack) - known);
    tail.most = std::min(tail.most, most_at_one * std::exp(last * (1 / temperature - 1)));
  }
  // From temperature 1 on none of them shrinks.
  if (temperature >= 1 && candidates == best.vocabulary_size) {
    tail.least = std::max(0.0, all * (1 - kSumSlack) - known);
  }
  return tail;
}

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
                                        double uniform) {
  const double largest = best.logits.front();
  if (settings.temperature == 0 || !std::isfinite(largest)) return best.ids.front();
  const std::uint32_t candidates = candidate_count(best.vocabulary_size, settings.top_k);
  std::vector<double> weights(std::min<std::size_t>(best.ids.size(), candidates));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::exp((best.logits[i] - largest) / settings.temperature);
  }

  std::size_t kept = weights.size();
  const bool complete = candidates <= weights.size();
  if (!complete && settings.top_p >= 1) return std::nullopt;
  if (settings.top_p < 1) {
    const Range tail = complete ? Range{0, 0} : tail_sum(best, candidates, settings.temperature);
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    kept = nucleus_size(weights, settings.top_p * (sum + tail.most));
    if (kept != nucleus_size(weights, settings.top_p * (sum + tail.least))) return std::nullopt;
    if (kept > weights.size()) {
      if (!complete) return std::nullopt;
      kept = weights.size();
    }
  }
  return best.ids[draw(std::span(weights).first(kept), uniform)];
}

std::int32_t sample_row(std::span<const float> row, const SamplerSettings& settings,
                        double uniform) {
  std::vector<std::int32_t> ids(row.size());
  std::iota(ids.begin(), ids.end(), 0);
  const std::uint32_t candidates =
      candidate_count(static_cast<std::uint32_t>(row.size()), settings.top_k);
  // Where nothing is cut off the order does not matter, and sorting would cost more than all the
  // rest.
  if (candidates < row.size() || settings.top_p < 1) {
    std::partial_sort(
        ids.begin(), ids.begin() + candidates, ids.end(),
        [&](std::int32_t a, std::int32_t b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
  }
  const auto most = std::max_element(row.begin(), row.end());
  const double largest = *most;
  if (!std::isfinite(largest)) return static_cast<std::int32_t>(most - row.begin());
  std::vector<double> weights(candidates);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::exp((row[ids[i]] - largest) / settings.temperature);
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const std::size_t kept = std::min(nucleus_size(weights, settings.top_p * sum), weights.size());
  return ids[draw(std::span(weights).first(kept), uniform)];
}

}  // namespace driftwood::guests::llama
