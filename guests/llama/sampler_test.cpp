#include "llama/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

namespace driftwood::guests::llama {
namespace {

const Adjustments kNone;

// The best `count` of a row, as the device gives them.
struct Best {
  Best(const std::vector<float>& row, std::size_t count) : ids(row.size()) {
    std::iota(ids.begin(), ids.end(), 0);
    std::sort(ids.begin(), ids.end(),
              [&](int a, int b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
    ids.resize(count);
    for (std::int32_t id : ids) logits.push_back(row[id]);
    double sum = 0;
    for (float logit : row) sum += std::exp(logit - logits[0]);
    view = {ids, logits, static_cast<float>(logits[0] + std::log(sum)),
            static_cast<std::uint32_t>(row.size())};
  }

  std::vector<std::int32_t> ids;
  std::vector<float> logits;
  BestLogits view;
};

std::vector<float> bumpy_row(std::size_t size, float spread) {
  Random random(7);
  std::vector<float> row(size);
  for (float& logit : row) logit = static_cast<float>(random.uniform()) * spread;
  return row;
}

TEST(Random, first_numbers_of_a_seed_never_change) {
  Random random(1);
  const double first = random.uniform();
  EXPECT_EQ(first, Random(1).uniform());
  EXPECT_NE(first, random.uniform());
  EXPECT_NE(first, Random(2).uniform());
  // SplitMix64(0) fills the state of the reference implementation; its first output is
  // 0x99ec5f36cb75f2b4.
  EXPECT_EQ(Random(0).uniform(), static_cast<double>(0x99ec5f36cb75f2b4u >> 11) * 0x1p-53);
}

TEST(Sampler, temperature_zero_takes_the_first_of_the_best) {
  const Best best({1, 3, 3, 2}, 4);
  for (double uniform : {0.0, 0.5, 0.999}) {
    EXPECT_EQ(sample_best(best.view, {0, 40, 0.95}, kNone, uniform), 1);
  }
}

TEST(Sampler, top_k_one_takes_the_best_at_any_temperature) {
  const Best best(bumpy_row(1000, 1), 256);
  EXPECT_EQ(sample_best(best.view, {5, 1, 1}, kNone, 0.999), best.ids[0]);
}

TEST(Sampler, draws_follow_the_probabilities) {
  const std::vector<float> row = {std::log(0.1f), std::log(0.2f), std::log(0.3f), std::log(0.4f)};
  const Best best(row, 4);
  Random random(3);
  std::vector<int> drawn(4);
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i)
    ++drawn[*sample_best(best.view, {1, 0, 1}, kNone, random.uniform())];
  for (int id = 0; id < 4; ++id) EXPECT_NEAR(drawn[id], kDraws * std::exp(row[id]), 600) << id;
}

TEST(Sampler, temperature_comes_before_top_p) {
  // At temperature 1 the best has 0.6 and suffices for top_p 0.5; at 4 it takes two.
  const Best best({std::log(0.6f), std::log(0.3f), std::log(0.1f)}, 3);
  EXPECT_EQ(sample_best(best.view, {1, 0, 0.5}, kNone, 0.999), 0);
  EXPECT_EQ(sample_best(best.view, {4, 0, 0.5}, kNone, 0.999), 1);
}

TEST(Sampler, top_p_counts_the_mass_within_top_k) {
  // Of the two best, 0.4 and 0.3, the first has 0.57 of the mass.
  const Best best({std::log(0.4f), std::log(0.3f), std::log(0.3f)}, 3);
  EXPECT_EQ(sample_best(best.view, {1, 2, 0.55}, kNone, 0.999), 0);
  EXPECT_EQ(sample_best(best.view, {1, 0, 0.55}, kNone, 0.999), 1);
}

TEST(Sampler, a_top_p_that_rounding_never_reaches_keeps_all) {
  const Best best({0, 0, 0}, 3);
  EXPECT_EQ(sample_best(best.view, {1, 0, 1}, kNone, 0.999), 2);
  EXPECT_EQ(sample_best(best.view, {1, 0, 0.9999999999999999}, kNone, 0.999), 2);
}

TEST(Sampler, a_tiny_top_p_keeps_one) {
  const Best best(bumpy_row(1000, 1), 256);
  EXPECT_EQ(sample_best(best.view, {1, 0, 1e-9}, kNone, 0.999), best.ids[0]);
}

TEST(Sampler, a_covered_nucleus_needs_no_whole_row_and_gives_the_same_token) {
  const std::vector<float> row = bumpy_row(5000, 60);
  const Best best(row, 256);
  Random random(11);
  int answered = 0, asked = 0;
  for (double temperature : {0.3, 0.7, 1.0, 1.3, 2.0}) {
    for (double top_p : {0.1, 0.5, 0.9, 0.95}) {
      for (std::uint32_t top_k : {0u, 40u, 256u, 300u, 4000u}) {
        for (int i = 0; i < 20; ++i, ++asked) {
          const double uniform = random.uniform();
          const SamplerSettings settings = {temperature, top_k, top_p};
          const auto id = sample_best(best.view, settings, kNone, uniform);
          if (!id) continue;
          ++answered;
          EXPECT_EQ(*id, sample_row(row, settings, kNone, uniform))
              << temperature << " " << top_p << " " << top_k;
        }
      }
    }
  }
  EXPECT_GT(answered, asked / 2);
}

TEST(Sampler, asks_for_the_whole_row_when_the_best_do_not_cover) {
  const Best flat(bumpy_row(5000, 0.1f), 256);
  EXPECT_FALSE(sample_best(flat.view, {1, 0, 0.95}, kNone, 0.5));
  EXPECT_FALSE(sample_best(flat.view, {1, 0, 1}, kNone, 0.5));
  EXPECT_FALSE(sample_best(flat.view, {1, 257, 1}, kNone, 0.5));
  EXPECT_TRUE(sample_best(flat.view, {1, 256, 1}, kNone, 0.5));
  EXPECT_TRUE(sample_best(flat.view, {0, 0, 1}, kNone, 0.5));
}

TEST(Sampler, a_whole_row_without_cuts_draws_every_token) {
  const std::vector<float> row = {0, 0, 0, 0};
  for (int id = 0; id < 4; ++id) EXPECT_EQ(sample_row(row, {1, 0, 1}, kNone, id * 0.25 + 0.1), id);
}

TEST(Sampler, min_p_keeps_what_has_that_share_of_the_best) {
  // Shares of the best: 1, 0.5, 0.25.
  const std::vector<float> row = {std::log(0.25f), std::log(1.0f), std::log(0.5f)};
  const Best best(row, 3);
  for (const auto& [min_p, last] : {std::pair(0.2, 0), std::pair(0.3, 2), std::pair(0.6, 1),
                                    std::pair(1.0, 1), std::pair(0.0, 0)}) {
    EXPECT_EQ(sample_best(best.view, {1, 0, 1, min_p}, kNone, 0.999), last) << min_p;
    if (min_p > 0) EXPECT_EQ(sample_row(row, {1, 0, 1, min_p}, kNone, 0.999), last) << min_p;
  }
  // At temperature 2 the shares are 0.71 and 0.5.
  EXPECT_EQ(sample_best(best.view, {2, 0, 1, 0.6}, kNone, 0.999), 2);
  EXPECT_EQ(sample_best(best.view, {2, 0, 1, 0.4}, kNone, 0.999), 0);
}

TEST(Sampler, min_p_within_the_best_needs_no_whole_row) {
  // The 256th best of 5,000 that fall by 0.01 has e^-2.55 = 0.078 of the best's probability.
  std::vector<float> row(5000);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = -0.01f * static_cast<float>(i);
  const Best best(row, 256);
  EXPECT_EQ(sample_best(best.view, {1, 0, 1, 0.08}, kNone, 0.9999999), 252);
  EXPECT_EQ(sample_row(row, {1, 0, 1, 0.08}, kNone, 0.9999999), 252);
  EXPECT_FALSE(sample_best(best.view, {1, 0, 1, 0.077}, kNone, 0.5));
  // A nucleus that lies beyond does not matter then.
  EXPECT_EQ(sample_best(best.view, {1, 0, 0.999, 0.08}, kNone, 0.9999999), 252);
}

TEST(Sampler, adjusted_logits_are_what_is_sampled) {
  const std::vector<float> row = {3, 2, -1, 0};
  const Best best(row, 4);
  Adjustments adjustments(4, {{2, 5.0}}, 2);  // the row becomes 1.5, 2, 4, 0
  adjustments.see(0);
  for (const double temperature : {0.0, 1.0}) {
    EXPECT_EQ(sample_best(best.view, {temperature, 1, 1}, adjustments, 0.5), 2);
    EXPECT_EQ(sample_row(row, {temperature, 1, 1}, adjustments, 0.5), 2);
  }
  adjustments.see(2);  // 1.5, 2, 2, 0: the lower id first
  EXPECT_EQ(sample_best(best.view, {0, 0, 1}, adjustments, 0.5), 1);
  EXPECT_EQ(sample_row(row, {0, 0, 1}, adjustments, 0.5), 1);
}

TEST(Sampler, adjustments_that_may_lift_a_token_from_beyond_need_the_whole_row) {
  std::vector<float> row = bumpy_row(5000, 10);
  row[7] = -20;
  const Best best(row, 256);
  const SamplerSettings greedy = {0, 40, 0.95};
  EXPECT_FALSE(sample_best(best.view, greedy, Adjustments(5000, {{7, 5.0}}, 1), 0.5));
  EXPECT_EQ(sample_row(row, greedy, Adjustments(5000, {{7, 100.0}}, 1), 0.5), 7);
  // Lifted by as much as the best are above the last of them at least, it stays below.
  EXPECT_TRUE(sample_best(best.view, greedy, Adjustments(5000, {{7, 0.1}}, 1), 0.5));
  // A penalty below 1 lifts positive logits; one above 1 never lifts.
  Adjustments lifting(5000, {}, 0.5), lowering(5000, {}, 2);
  lifting.see(7);
  lowering.see(7);
  EXPECT_FALSE(sample_best(best.view, greedy, lifting, 0.5));
  EXPECT_EQ(sample_best(best.view, greedy, lowering, 0.5), best.ids[0]);
}

TEST(Sampler, when_all_of_the_best_are_banned_the_whole_row_is_needed) {
  const std::vector<float> row = bumpy_row(5000, 10);
  const Best best(row, 256);
  std::map<std::int32_t, double> bans;
  for (const std::int32_t id : best.ids) bans[id] = -100;
  EXPECT_FALSE(sample_best(best.view, {0, 40, 0.95}, Adjustments(5000, bans, 1), 0.5));
  const Best next(row, 257);
  EXPECT_EQ(sample_row(row, {0, 40, 0.95}, Adjustments(5000, bans, 1), 0.5), next.ids[256]);
}

TEST(Sampler, adjusted_draws_from_the_best_are_those_from_the_whole_row) {
  const std::vector<float> row = bumpy_row(5000, 60);
  const Best best(row, 256);
  Random random(13);
  int answered = 0, asked = 0;
  for (double penalty : {0.9, 1.0, 1.1, 1.8}) {
    for (int round = 0; round < 300; ++round) {
      std::map<std::int32_t, double> bias;
      const auto any_id = [&] {
        return round % 2 == 0 ? static_cast<std::int32_t>(random.uniform() * 5000)
                              : best.ids[static_cast<std::size_t>(random.uniform() * 256)];
      };
      for (int i = 0; i < round % 4; ++i) bias[any_id()] = random.uniform() * 20 - 10;
      Adjustments adjustments(5000, bias, penalty);
      for (int i = 0; i < 30; ++i) adjustments.see(any_id());
      for (const SamplerSettings& settings :
           {SamplerSettings{0, 0, 1}, SamplerSettings{0.7, 0, 0.9}, SamplerSettings{1, 0, 0.95},
            SamplerSettings{1.5, 0, 0.5}, SamplerSettings{1, 40, 0.95},
            SamplerSettings{0.8, 4000, 0.9, 0.02}, SamplerSettings{2, 0, 1, 0.1}}) {
        const double uniform = random.uniform();
        const auto id = sample_best(best.view, settings, adjustments, uniform);
        ++asked;
        if (!id) continue;
        ++answered;
        EXPECT_EQ(*id, sample_row(row, settings, adjustments, uniform))
            << penalty << " " << round << " " << settings.temperature << " " << settings.top_k;
      }
    }
  }
  EXPECT_GT(answered, asked / 3);
}

TEST(Sampler, an_infinite_logit_wins) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Best best({0, infinity, 1}, 3);
  EXPECT_EQ(sample_best(best.view, {1, 0, 0.9}, kNone, 0.999), 1);
  EXPECT_EQ(sample_row(std::vector<float>{0, infinity, 1}, {1, 0, 1}, kNone, 0.999), 1);
}

}  // namespace
}  // namespace driftwood::guests::llama
