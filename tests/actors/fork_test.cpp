// Forks of one conversation that are each told something else.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "actors/actor_bench.h"

namespace driftwood::test {
namespace {

using nlohmann::json;

std::vector<int> conversation(int length) {
  std::vector<int> ids;
  for (int i = 0; i < length; ++i) ids.push_back((i * 7919 + 13) % 4096);
  return ids;
}

std::string request(const std::vector<int>& ids, bool reuse = true) {
  return json{{"prompt_ids", ids},  {"max_tokens", 6},    {"temperature", 0},
              {"ignore_eos", true}, {"output", "tokens"}, {"reuse_prefix", reuse}}
      .dump();
}

// Its token records, and how many tokens of the prompt it did not compute again.
struct Answer {
  std::vector<std::string> tokens;
  std::uint64_t cached = 0;
};

Answer ask(actor::Actor& actor, const std::string& message) {
  Answer answer;
  actor.send(message);
  EXPECT_TRUE(actor.run([&](std::string_view record) {
    const json parsed = json::parse(record);
    if (parsed["type"] == "usage") answer.cached = parsed["cached_tokens"];
    if (parsed["type"] == "token") answer.tokens.emplace_back(record);
  }));
  return answer;
}

TEST(Fork, what_was_said_before_is_not_computed_again) {
  const ActorBench bench(model::make_seeded_llama(7), "llama");
  const auto actor = bench.spawn();
  const auto said = conversation(200);
  EXPECT_EQ(ask(*actor, request(said)).cached, 0u);
  auto more = said;
  more.push_back(77);
  const Answer reused = ask(*actor, request(more));
  EXPECT_EQ(reused.cached, 200u);
  const Answer computed = ask(*actor, request(more, false));
  EXPECT_EQ(computed.cached, 0u);
  EXPECT_EQ(reused.tokens, computed.tokens);
  EXPECT_EQ(ask(*actor, request(more)).cached, 200u) << "the logits of the last one are wanted";
  EXPECT_EQ(ask(*actor, request(conversation(50))).cached, 49u);
}

TEST(Fork, a_hundred_forks_go_a_hundred_ways_each_as_if_alone) {
  const ActorBench bench(model::make_seeded_llama(7), "llama");
  const auto parent = bench.spawn();
  const auto said = conversation(120);
  ask(*parent, request(said));
  std::vector<std::unique_ptr<actor::Actor>> forks;
  for (int i = 0; i < 100; ++i) {
    auto fork = parent->fork();
    ASSERT_TRUE(fork) << fork.error().message();
    forks.push_back(*std::move(fork));
  }
  const auto alone = bench.spawn();
  for (int i = 0; i < 100; ++i) {
    auto told = said;
    told.push_back(1000 + i);
    const Answer of_fork = ask(*forks[i], request(told));
    EXPECT_EQ(of_fork.cached, 120u);
    ASSERT_EQ(of_fork.tokens, ask(*alone, request(told, false)).tokens) << "fork " << i;
  }
}

}  // namespace
}  // namespace driftwood::test
