// An actor that was frozen and thawed goes on as one that was not, on each device.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "actors/actor_bench.h"
#include "support/devices.h"

namespace driftwood::test {
namespace {

using nlohmann::json;

std::string request(unsigned tokens, double temperature) {
  return json{{"prompt_ids", {1, 17, 30, 4, 5, 90, 100, 23, 42, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
              {"max_tokens", tokens},
              {"temperature", temperature},
              {"ignore_eos", true},
              {"output", "tokens"},
              {"prefill_piece", 7}}
      .dump();
}

class Thaw : public testing::TestWithParam<std::tuple<const char*, double>> {
 protected:
  void SetUp() override { DW_NEED_DEVICE(kind_); }

  std::unique_ptr<actor::Actor> spawn(const ActorBench& bench) const {
    auto actor = bench.spawn();
    actor->send(request(20, std::get<1>(GetParam())));
    return actor;
  }

  const char* const kind_ = std::get<0>(GetParam());
};

TEST_P(Thaw, between_any_two_steps_the_next_ones_have_the_same_bits) {
  const ActorBench bench(small_llama(), "llama", {.kind = kind_});
  const auto whole = spawn(bench);
  std::vector<std::string> wanted_records;
  const auto wanted = digests_of_steps(*whole, 1000, wanted_records);
  ASSERT_GT(wanted.size(), 22u);

  for (std::size_t cut = 0; cut < wanted.size(); ++cut) {
    const auto first = spawn(bench);
    std::vector<std::string> records;
    const auto before = digests_of_steps(*first, cut, records);
    const auto second = bench.through_file(*first);
    EXPECT_EQ(digest_of(*second), digest_of(*first)) << "cut " << cut;
    const auto after = digests_of_steps(*second, 1000, records);
    ASSERT_EQ(before.size() + after.size(), wanted.size()) << "cut " << cut;
    for (std::size_t i = 0; i < after.size(); ++i) {
      ASSERT_EQ(after[i], wanted[cut + i]) << "cut " << cut << ", step " << cut + i;
    }
    EXPECT_EQ(records, wanted_records);
  }
}

TEST_P(Thaw, a_fork_and_what_it_came_from_both_go_on_alone) {
  const ActorBench bench(small_llama(), "llama", {.kind = kind_});
  const auto whole = spawn(bench);
  std::vector<std::string> ignored;
  const auto wanted = digests_of_steps(*whole, 1000, ignored);

  const auto parent = spawn(bench);
  digests_of_steps(*parent, 8, ignored);
  auto child = parent->fork();
  ASSERT_TRUE(child) << child.error().message();
  EXPECT_EQ(digest_of(**child), digest_of(*parent));
  const auto of_parent = digests_of_steps(*parent, 1000, ignored);
  const auto of_child = digests_of_steps(**child, 1000, ignored);
  const std::vector<std::uint64_t> rest(wanted.begin() + 8, wanted.end());
  EXPECT_EQ(of_parent, rest);
  EXPECT_EQ(of_child, rest);
}

INSTANTIATE_TEST_SUITE_P(Sampling, Thaw, testing::Combine(kEveryDevice, testing::Values(0.0, 0.9)),
                         [](const auto& info) {
                           const bool is_greedy = std::get<1>(info.param) == 0;
                           return std::string(std::get<0>(info.param)) +
                                  (is_greedy ? "_greedy" : "_sampled");
                         });

}  // namespace
}  // namespace driftwood::test
