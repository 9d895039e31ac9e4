#include "llama/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>
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

constexpr int kTries = 400;

// The ids that tries with different seeds draw from the best; kWholeRow stands for a try that needs
// more.
constexpr std::int32_t kWholeRow = -1;

std::set<std::int32_t> drawn(const Best& best, const SamplerSettings& settings,
                             const Adjustments& adjustments = kNone) {
  std::set<std::int32_t> ids;
  for (int seed = 0; seed < kTries; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    ids.insert(sample_best(best.view, settings, adjustments, random).value_or(kWholeRow));
  }
  return ids;
}

// The same from the whole row.
std::set<std::int32_t> drawn(const std::vector<float>& row, const Best& best,
                             const SamplerSettings& settings,
                             const Adjustments& adjustments = kNone) {
  std::set<std::int32_t> ids;
  for (int seed = 0; seed < kTries; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    ids.insert(sample_row(row, best.view, settings, adjustments, random));
  }
  return ids;
}

using Ids = std::set<std::int32_t>;

// Draws as a generation does.
std::int32_t draw(const std::vector<float>& row, const Best& best, const SamplerSettings& settings,
                  Random& random, int& whole_rows) {
  const Random before = random;
  if (const auto id = sample_best(best.view, settings, kNone, random)) return *id;
  ++whole_rows;
  random = before;
  return sample_row(row, best.view, settings, kNone, random);
}

TEST(Sampler, temperature_zero_takes_the_first_of_the_best) {
  const Best best({1, 3, 3, 2}, 4);
  EXPECT_EQ(drawn(best, {0, 40, 0.95}), Ids{1});
}

TEST(Sampler, top_k_one_takes_the_best_at_any_temperature) {
  const Best best(bumpy_row(1000, 1), 256);
  EXPECT_EQ(drawn(best, {5, 1, 1}), Ids{best.ids[0]});
}

// The probabilities are counted here on their own, from the sorted row.
TEST(Sampler, draws_follow_the_probabilities) {
  constexpr int kDraws = 20'000;
  constexpr std::size_t kBest = 20, kSize = 200;
  const std::vector<float> row = bumpy_row(kSize, 12);
  const Best best(row, kBest), sorted(row, kSize);
  int all_whole_rows = 0;
  for (const SamplerSettings& settings :
       {SamplerSettings{1, 0, 1}, SamplerSettings{1, 0, 0.5}, SamplerSettings{1, 0, 0.9},
        SamplerSettings{0.5, 0, 0.9}, SamplerSettings{2, 0, 0.99}, SamplerSettings{1, 50, 0.9},
        SamplerSettings{1, 0, 1, 0.2}, SamplerSettings{0.8, 0, 0.95, 0.02}}) {
    const std::string what = std::to_string(settings.temperature) + " " +
                             std::to_string(settings.top_p) + " " + std::to_string(settings.top_k);
    const std::size_t candidates = settings.top_k == 0 ? kSize : settings.top_k;
    std::vector<double> weights(candidates);
    for (std::size_t i = 0; i < candidates; ++i) {
      weights[i] = std::exp((sorted.logits[i] - sorted.logits[0]) / settings.temperature);
    }
    const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
    double mass = 0;
    std::size_t kept = 0;
    while (kept < candidates && weights[kept] >= settings.min_p &&
           (settings.top_p == 1 || mass < settings.top_p * all)) {
      mass += weights[kept++];
    }
    Random random(17);
    std::vector<int> counts(kSize);
    int whole_rows = 0;
    for (int i = 0; i < kDraws; ++i) ++counts[draw(row, best, settings, random, whole_rows)];
    EXPECT_LT(whole_rows, kDraws) << what;
    all_whole_rows += whole_rows;
    for (std::size_t i = 0; i < kSize; ++i) {
      const double share = i < kept ? weights[i] / mass : 0;
      // Some more than the deviation allows, since rare tokens are not normally distributed.
      const double most_off = share == 0 ? 0 : 4.5 * std::sqrt(kDraws * share * (1 - share)) + 3;
      EXPECT_NEAR(counts[sorted.ids[i]], kDraws * share, most_off) << what << ", place " << i;
    }
  }
  EXPECT_GT(all_whole_rows, 0);
}

// As much of the mass lies beyond the best here as with a trained model.
TEST(Sampler, few_draws_of_a_peaked_row_need_the_whole_row) {
  constexpr int kDraws = 2000;
  std::vector<float> row(20'000);
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = -1.8f * std::log(1 + static_cast<float>(i));
  }
  const Best best(row, 256);
  double beyond = 1;
  for (const float logit : best.logits) beyond -= std::exp(logit - best.view.log_sum_exp);
  EXPECT_NEAR(beyond, 0.008, 0.001);
  for (const auto& [settings, most] :
       {std::pair(SamplerSettings{1, 0, 1}, 0.012), std::pair(SamplerSettings{0.8, 0, 0.95}, 0.01),
        std::pair(SamplerSettings{1, 0, 0.98}, 0.001)}) {
    Random random(5);
    int whole_rows = 0;
    for (int i = 0; i < kDraws; ++i) draw(row, best, settings, random, whole_rows);
    EXPECT_LE(whole_rows, kDraws * most) << settings.temperature << " " << settings.top_p;
  }
}

TEST(Sampler, temperature_comes_before_top_p) {
  // At temperature 1 the best has 0.6 and suffices for top_p 0.5; at 4 it takes two.
  const Best best({std::log(0.6f), std::log(0.3f), std::log(0.1f)}, 3);
  EXPECT_EQ(drawn(best, {1, 0, 0.5}), Ids{0});
  EXPECT_EQ(drawn(best, {4, 0, 0.5}), (Ids{0, 1}));
}

TEST(Sampler, top_p_counts_the_mass_within_top_k) {
  // Of the two best, 0.4 and 0.3, the first has 0.57 of the mass.
  const Best best({std::log(0.4f), std::log(0.3f), std::log(0.3f)}, 3);
  EXPECT_EQ(drawn(best, {1, 2, 0.55}), Ids{0});
  EXPECT_EQ(drawn(best, {1, 0, 0.55}), (Ids{0, 1}));
}

TEST(Sampler, a_top_p_that_rounding_never_reaches_keeps_all) {
  const Best best({0, 0, 0}, 3);
  EXPECT_EQ(drawn(best, {1, 0, 1}), (Ids{0, 1, 2}));
  EXPECT_EQ(drawn(best, {1, 0, 0.9999999999999999}), (Ids{0, 1, 2}));
}

TEST(Sampler, a_tiny_top_p_keeps_one) {
  const Best best(bumpy_row(1000, 1), 256);
  EXPECT_EQ(drawn(best, {1, 0, 1e-9}), Ids{best.ids[0]});
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
          const SamplerSettings settings = {temperature, top_k, top_p};
          Random of_row = random;
          const auto id = sample_best(best.view, settings, kNone, random);
          if (!id) continue;
          ++answered;
          EXPECT_EQ(*id, sample_row(row, best.view, settings, kNone, of_row))
              << temperature << " " << top_p << " " << top_k;
          EXPECT_EQ(Random(random).uniform(), of_row.uniform());
        }
      }
    }
  }
  EXPECT_GT(answered, asked / 2);
}

TEST(Sampler, asks_for_the_whole_row_when_the_best_do_not_cover) {
  const Best flat(bumpy_row(5000, 0.1f), 256);
  EXPECT_TRUE(drawn(flat, {1, 0, 0.95}).contains(kWholeRow));
  EXPECT_TRUE(drawn(flat, {1, 0, 1}).contains(kWholeRow));
  EXPECT_FALSE(drawn(flat, {1, 256, 1}).contains(kWholeRow));
  EXPECT_FALSE(drawn(flat, {0, 0, 1}).contains(kWholeRow));
}

TEST(Sampler, a_whole_row_without_cuts_draws_every_token) {
  const std::vector<float> row = {0, 0, 0, 0};
  EXPECT_EQ(drawn(row, Best(row, 2), {1, 0, 1}), (Ids{0, 1, 2, 3}));
}

TEST(Sampler, min_p_keeps_what_has_that_share_of_the_best) {
  // Shares of the best: 1, 0.5, 0.25.
  const std::vector<float> row = {std::log(0.25f), std::log(1.0f), std::log(0.5f)};
  const Best best(row, 3);
  const std::vector<std::pair<double, Ids>> cases = {
      {0.2, {0, 1, 2}}, {0.3, {1, 2}}, {0.6, {1}}, {1.0, {1}}, {0.0, {0, 1, 2}}};
  for (const auto& [min_p, kept] : cases) {
    EXPECT_EQ(drawn(best, {1, 0, 1, min_p}), kept) << min_p;
    EXPECT_EQ(drawn(row, best, {1, 0, 1, min_p}), kept) << min_p;
  }
  // At temperature 2 the shares are 0.71 and 0.5.
  EXPECT_EQ(drawn(best, {2, 0, 1, 0.6}), (Ids{1, 2}));
  EXPECT_EQ(drawn(best, {2, 0, 1, 0.4}), (Ids{0, 1, 2}));
}

TEST(Sampler, min_p_within_the_best_needs_no_whole_row) {
  // The 20th best of 500 that fall by 0.2 has e^-3.8 = 0.022 of the best's probability.
  std::vector<float> row(500);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = -0.2f * static_cast<float>(i);
  const Best best(row, 20);
  EXPECT_FALSE(drawn(best, {1, 0, 1, 0.03}).contains(kWholeRow));
  EXPECT_TRUE(drawn(best, {3, 0, 1, 0.03}).contains(kWholeRow));
  // A nucleus that lies beyond does not matter then.
  EXPECT_FALSE(drawn(best, {1, 0, 0.999, 0.03}).contains(kWholeRow));
}

TEST(Sampler, adjusted_logits_are_what_is_sampled) {
  const std::vector<float> row = {3, 2, -1, 0};
  const Best best(row, 4);
  Adjustments adjustments(4, {{2, 5.0}}, 2);  // the row becomes 1.5, 2, 4, 0
  adjustments.see(0);
  for (const double temperature : {0.0, 1.0}) {
    EXPECT_EQ(drawn(best, {temperature, 1, 1}, adjustments), Ids{2});
    EXPECT_EQ(drawn(row, best, {temperature, 1, 1}, adjustments), Ids{2});
  }
  adjustments.see(2);  // 1.5, 2, 2, 0: the lower id first
  EXPECT_EQ(drawn(best, {0, 0, 1}, adjustments), Ids{1});
  EXPECT_EQ(drawn(row, best, {0, 0, 1}, adjustments), Ids{1});
}

TEST(Sampler, adjustments_that_may_lift_a_token_from_beyond_need_the_whole_row) {
  std::vector<float> row = bumpy_row(5000, 10);
  row[7] = -20;
  const Best best(row, 256);
  const SamplerSettings greedy = {0, 40, 0.95};
  EXPECT_EQ(drawn(best, greedy, Adjustments(5000, {{7, 5.0}}, 1)), Ids{kWholeRow});
  EXPECT_EQ(drawn(row, best, greedy, Adjustments(5000, {{7, 100.0}}, 1)), Ids{7});
  // Lifted by as much as the best are above the last of them at least, it stays below.
  EXPECT_EQ(drawn(best, greedy, Adjustments(5000, {{7, 0.1}}, 1)), Ids{best.ids[0]});
  // A penalty below 1 lifts positive logits; one above 1 never lifts.
  Adjustments lifting(5000, {}, 0.5), lowering(5000, {}, 2);
  lifting.see(7);
  lowering.see(7);
  EXPECT_EQ(drawn(best, greedy, lifting), Ids{kWholeRow});
  EXPECT_EQ(drawn(best, greedy, lowering), Ids{best.ids[0]});
}

TEST(Sampler, when_all_of_the_best_are_banned_the_whole_row_is_needed) {
  const std::vector<float> row = bumpy_row(5000, 10);
  const Best best(row, 256);
  std::map<std::int32_t, double> bans;
  for (const std::int32_t id : best.ids) bans[id] = -100;
  const Adjustments banning(5000, bans, 1);
  const Best next(row, 257);
  for (const SamplerSettings& settings : {SamplerSettings{0, 40, 0.95}, {0.8, 1, 0.95}}) {
    EXPECT_EQ(drawn(best, settings, banning), Ids{kWholeRow});
    EXPECT_EQ(drawn(row, best, settings, banning), Ids{next.ids[256]});
  }
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
        Random of_row = random;
        const auto id = sample_best(best.view, settings, adjustments, random);
        ++asked;
        if (!id) continue;
        ++answered;
        EXPECT_EQ(*id, sample_row(row, best.view, settings, adjustments, of_row))
            << penalty << " " << round << " " << settings.temperature << " " << settings.top_k;
      }
    }
  }
  EXPECT_GT(answered, asked / 3);
}

TEST(Sampler, an_infinite_logit_wins) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> row = {0, infinity, 1};
  const Best best(row, 3);
  EXPECT_EQ(drawn(best, {1, 0, 0.9}), Ids{1});
  EXPECT_EQ(drawn(row, best, {1, 0, 1}), Ids{1});
}

}  // namespace
}  // namespace driftwood::guests::llama
