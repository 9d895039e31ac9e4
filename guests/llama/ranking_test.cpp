#include "llama/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace driftwood::guests::llama {
namespace {

// The three best of five logits: 4, 3, 2 and two beyond, 1 and 0.
const std::vector<std::int32_t> kIds = {2, 0, 4};
const std::vector<float> kLogits = {4, 3, 2};
const std::vector<double> kAll = {4, 3, 2, 1, 0};
constexpr std::uint32_t kVocabulary = 5;

BestLogits best() {
  double sum = 0;
  for (const double logit : kAll) sum += std::exp(logit);
  return {kIds, kLogits, static_cast<float>(std::log(sum)), kVocabulary};
}

std::vector<std::int32_t> ids(const std::vector<Ranked>& ranked) {
  std::vector<std::int32_t> ids;
  for (const Ranked& one : ranked) ids.push_back(one.id);
  return ids;
}

using Ids = std::vector<std::int32_t>;

TEST(Ranking, without_adjustments_all_of_the_best_are_certain) {
  const Ranking ranking = rank(best(), Adjustments());
  EXPECT_EQ(ids(ranking.certain), kIds);
  EXPECT_TRUE(ranking.uncertain.empty());
  EXPECT_EQ(ranking.ceiling, 2);
}

TEST(Ranking, what_falls_to_the_last_of_the_best_becomes_uncertain) {
  Adjustments adjustments(kVocabulary, {{2, -0.5}, {0, -1.0}}, 1);  // 3.5, 2, 2
  const Ranking ranking = rank(best(), adjustments);
  EXPECT_EQ(ids(ranking.certain), Ids{2});
  EXPECT_EQ(ids(ranking.uncertain), (Ids{0, 4}));
  EXPECT_EQ(ranking.adjusted_beyond, 0u);
}

TEST(Ranking, tokens_beyond_may_rise_to_where_the_last_of_the_best_would) {
  const Ranking one = rank(best(), Adjustments(kVocabulary, {{1, 1.5}, {3, -1.0}}, 1));
  EXPECT_EQ(one.ceiling, 3.5f);
  EXPECT_EQ(ids(one.certain), Ids{2});
  EXPECT_EQ(one.adjusted_beyond, 2u);
  EXPECT_EQ(one.raised_beyond, 1u);
  EXPECT_TRUE(rank(best(), Adjustments(kVocabulary, {{1, 2.0}}, 1)).certain.empty());
}

TEST(Ranking, a_raise_within_the_best_lifts_no_ceiling) {
  const Ranking ranking = rank(best(), Adjustments(kVocabulary, {{4, 10.0}}, 1));
  EXPECT_EQ(ids(ranking.certain), (Ids{4, 2, 0}));
  EXPECT_EQ(ranking.ceiling, 2);
}

TEST(Ranking, where_the_best_are_all_everything_is_certain) {
  BestLogits whole = best();
  whole.vocabulary_size = 3;
  const Ranking ranking = rank(whole, Adjustments(3, {{2, -100.0}}, 1));
  EXPECT_EQ(ids(ranking.certain), (Ids{0, 4, 2}));
}

TEST(RestSum, bounds_hold_what_is_beyond_at_every_temperature) {
  for (const double temperature : {0.25, 0.5, 1.0, 2.0, 8.0}) {
    const double rest = std::exp(-3 / temperature) + std::exp(-4 / temperature);
    const Range sum = rest_sum(rank(best(), Adjustments()), best(), 2, temperature);
    EXPECT_LE(sum.least, rest) << temperature;
    EXPECT_GE(sum.most, rest) << temperature;
    EXPECT_LE(sum.most, 2 * std::exp(-2 / temperature)) << temperature;
  }
  const Range at_one = rest_sum(rank(best(), Adjustments()), best(), 2, 1);
  EXPECT_NEAR(at_one.least, at_one.most, 1e-4);
}

TEST(RestSum, bounds_hold_for_adjusted_rows) {
  for (const double bias : {-3.0, -0.5, 0.5, 1.2}) {
    for (const double penalty : {0.8, 1.0, 1.5}) {
      Adjustments adjustments(kVocabulary, {{3, bias}, {0, bias / 2}}, penalty);
      adjustments.see(1);
      adjustments.see(4);
      const Ranking ranking = rank(best(), adjustments);
      ASSERT_FALSE(ranking.certain.empty());
      for (const double temperature : {0.25, 1.0, 4.0}) {
        double rest = 0;
        const float first = ranking.certain.front().logit;
        const auto add = [&](double logit) { rest += std::exp((logit - first) / temperature); };
        for (const Ranked& ranked : ranking.uncertain) add(ranked.logit);
        add(adjustments.adjusted(1, 1));
        add(adjustments.adjusted(3, 0));
        const auto count = static_cast<std::uint32_t>(kVocabulary - ranking.certain.size());
        const Range sum = rest_sum(ranking, best(), count, temperature);
        EXPECT_LE(sum.least, rest * (1 + 1e-9)) << bias << " " << penalty << " " << temperature;
        EXPECT_GE(sum.most, rest * (1 - 1e-9)) << bias << " " << penalty << " " << temperature;
      }
    }
  }
}

// The device's log-sum-exp of a row, by docs/numerics.md.
float log_sum_exp(const std::vector<float>& row) {
  const float largest = *std::ranges::max_element(row);
  std::array<float, 16> lanes = {};
  for (std::size_t i = 0; i < row.size(); ++i) lanes[i % 16] += std::exp(row[i] - largest);
  for (std::size_t width = 8; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return largest + std::log(lanes[0]);
}

TEST(Ranking, many_small_weights_behind_a_large_one_are_within_the_bounds) {
  constexpr std::uint32_t kSize = 128'256, kBest = 256;
  for (const float largest : {5.f, 12.f, 16.f, 17.f, 18.f, 30.f}) {
    std::vector<float> row(kSize, 0);
    row[0] = largest;
    std::vector<std::int32_t> best_ids(kBest);
    std::iota(best_ids.begin(), best_ids.end(), 0);
    const BestLogits best = {best_ids, std::span(row).first(kBest), log_sum_exp(row), kSize};
    const Ranking ranking = rank(best, Adjustments());
    for (const double temperature : {0.5, 1.0, 2.0}) {
      const Range rest = rest_sum(ranking, best, kSize - kBest, temperature);
      const double is = (kSize - kBest) * std::exp(-largest / temperature);
      EXPECT_LE(rest.least, is) << largest << " " << temperature;
      EXPECT_GE(rest.most, is) << largest << " " << temperature;
    }
  }
}

}  // namespace
}  // namespace driftwood::guests::llama
