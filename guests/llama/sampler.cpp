#include "llama/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

namespace driftwood::guests::llama {
namespace {

double weight(float logit, double largest, double temperature) {
  return std::exp((logit - largest) / temperature);
}

std::uint32_t candidate_count(std::uint32_t vocabulary_size, std::uint32_t top_k) {
  return top_k == 0 ? vocabulary_size : std::min(top_k, vocabulary_size);
}

// The known ones: the first tokens of the adjusted row, as the running sums of their descending
// weights, of which the first is 1.
using Sums = std::vector<double>;

// How many of the known ones it takes to reach `mass`; one more than there are if they do not.
std::size_t nucleus_size(const Sums& sums, double mass) {
  const auto end = std::ranges::lower_bound(sums, mass);
  return static_cast<std::size_t>(end - sums.begin()) + 1;
}

// Whether the token is one of the known ones. All that is kept weighs `mass`, which is more than
// they do if and only if some of it lies beyond them.
bool draw_known(const Sums& sums, double mass, Random& random) {
  return random.uniform() * std::max(mass, sums.back()) < sums.back();
}

// Which of the known ones, of which so many as something between `least` and `most` are kept;
// nothing if it depends on how many.
std::optional<std::size_t> draw_kept(const Sums& sums, std::size_t least, std::size_t most,
                                     Random& random) {
  for (;;) {
    const auto place = std::ranges::upper_bound(sums, random.uniform() * sums.back());
    const auto drawn = static_cast<std::size_t>(place - sums.begin());
    if (drawn < std::min(least, sums.size())) return drawn;
    if (drawn < std::min(most, sums.size())) return std::nullopt;
  }
}

// The ids of a row by descending logit, the lower one first among equals; sorted as far as asked.
class Descending {
 public:
  explicit Descending(std::span<const float> logits) : logits_(logits), ids_(logits.size()) {
    std::iota(ids_.begin(), ids_.end(), 0);
  }

  bool before(std::int32_t a, std::int32_t b) const {
    return logits_[a] != logits_[b] ? logits_[a] > logits_[b] : a < b;
  }

  std::int32_t operator[](std::size_t place) {
    while (place >= sorted_) {
      const auto begin = ids_.begin() + static_cast<std::ptrdiff_t>(sorted_);
      sorted_ = std::min(ids_.size(), std::max<std::size_t>(1024, 4 * sorted_));
      const auto end = ids_.begin() + static_cast<std::ptrdiff_t>(sorted_);
      const auto order = [this](std::int32_t a, std::int32_t b) { return before(a, b); };
      std::nth_element(begin, end, ids_.end(), order);
      std::sort(begin, end, order);
    }
    return ids_[place];
  }

 private:
  std::span<const float> logits_;
  std::vector<std::int32_t> ids_;
  std::size_t sorted_ = 0;
};

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
                                        const Adjustments& adjustments, Random& random) {
  if (settings.temperature == 0 && adjustments.ids().empty()) return best.ids.front();
  const Ranking ranking = rank(best, adjustments);
  if (ranking.certain.empty()) return std::nullopt;
  const double largest = ranking.certain.front().logit;
  if (settings.temperature == 0 || !std::isfinite(largest)) return ranking.certain.front().id;

  const std::uint32_t candidates = candidate_count(best.vocabulary_size, settings.top_k);
  Sums sums;
  sums.reserve(ranking.certain.size());
  double sum = 0, last = 0;
  std::size_t probable = 0;  // so many of them are, as far as min-p goes
  for (const Ranked& ranked :
       std::span(ranking.certain)
           .first(std::min<std::size_t>(ranking.certain.size(), candidates))) {
    last = weight(ranked.logit, largest, settings.temperature);
    if (last >= settings.min_p) ++probable;
    sums.push_back(sum += last);
  }
  const auto beyond = static_cast<std::uint32_t>(candidates - sums.size());
  // One more than there are stands for tokens beyond.
  std::size_t least_kept = probable;
  if (least_kept == sums.size() && beyond > 0) ++least_kept;
  std::size_t most_kept = least_kept;
  double mass = sum;
  if (least_kept > sums.size() || settings.top_p < 1) {
    const Range rest =
        beyond == 0 ? Range{0, 0} : rest_sum(ranking, best, beyond, settings.temperature);
    mass = sum + rest.most;
    if (settings.top_p < 1) {
      least_kept = std::min(least_kept, nucleus_size(sums, settings.top_p * (sum + rest.least)));
      most_kept = std::min(most_kept, nucleus_size(sums, settings.top_p * mass));
      // The last of a nucleus reaches over its mass, and weighs no more than the last known one.
      mass = std::min(mass, settings.top_p * mass + last);
    }
    if (most_kept <= sums.size()) mass = sum;
  }
  if (!draw_known(sums, mass, random)) return std::nullopt;
  const auto drawn = draw_kept(sums, least_kept, most_kept, random);
  if (!drawn) return std::nullopt;
  return ranking.certain[*drawn].id;
}

std::int32_t sample_row(std::span<const float> row, const BestLogits& best,
                        const SamplerSettings& settings, const Adjustments& adjustments,
                        Random& random) {
  std::vector<float> logits(row.begin(), row.end());
  for (const std::int32_t id : adjustments.ids()) {
    logits[id] = adjustments.adjusted(id, logits[id]);
  }
  const auto first = std::ranges::max_element(logits);
  const double largest = *first;
  if (settings.temperature == 0 || !std::isfinite(largest)) {
    return static_cast<std::int32_t>(first - logits.begin());
  }
  const auto weight_of = [&](std::int32_t id) {
    return weight(logits[id], largest, settings.temperature);
  };
  Descending order(logits);
  const std::size_t candidates = candidate_count(best.vocabulary_size, settings.top_k);
  // At least one is known, which the best do not say if all of them are banned.
  const std::size_t known =
      std::clamp<std::size_t>(rank(best, adjustments).certain.size(), 1, candidates);
  Sums sums;
  double sum = 0;
  for (std::size_t place = 0; place < known; ++place) {
    sums.push_back(sum += weight_of(order[place]));
  }
  double all = 0;
  if (candidates == row.size()) {
    for (const float logit : logits) all += weight(logit, largest, settings.temperature);
  } else {
    for (std::size_t place = 0; place < candidates; ++place) all += weight_of(order[place]);
  }
  std::size_t kept = candidates;
  double mass = all;
  if (settings.top_p < 1 || settings.min_p > 0) {
    const double nucleus = settings.top_p < 1 ? settings.top_p * all : HUGE_VAL;
    mass = 0;
    for (kept = 0; kept < candidates && mass < nucleus; ++kept) {
      const double next = weight_of(order[kept]);
      if (next < settings.min_p) break;
      mass += next;
    }
  }
  if (draw_known(sums, mass, random)) return order[*draw_kept(sums, kept, kept, random)];

  // By id, since the rest is seldom sorted and sorting it would cost more than all else.
  double left = random.uniform() * (mass - sum);
  std::int32_t drawn = order[known - 1];
  for (std::int32_t id = 0; left >= 0 && id < static_cast<std::int32_t>(row.size()); ++id) {
    const bool is_known = !order.before(order[known - 1], id);
    const bool is_kept = kept == row.size() || !order.before(order[kept - 1], id);
    if (is_known || !is_kept) continue;
    drawn = id;
    left -= weight_of(id);
  }
  return drawn;
}

}  // namespace driftwood::guests::llama
