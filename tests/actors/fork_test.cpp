// Forks of one conversation that are each told something else, on each device.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "actor/scheduler.h"
#include "actors/actor_bench.h"
#include "device/test_support.h"
#include "support/devices.h"

namespace driftwood::test {
namespace {

using device::testing::must;
using nlohmann::json;

std::vector<int> conversation(int length) {
  std::vector<int> ids;
  for (int i = 0; i < length; ++i) ids.push_back((i * 7919 + 13) % 272);
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

class Fork : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    DW_NEED_DEVICE(GetParam());
    bench_.emplace(small_llama(), "llama", BenchDevice{.kind = GetParam()});
  }

  // A GPU in software has fewer, since it is slow.
  std::size_t fork_count() const { return GetParam() == std::string_view("cpu") ? 100 : 16; }

  std::optional<ActorBench> bench_;
};

INSTANTIATE_TEST_SUITE_P(On, Fork, kEveryDevice, device_kind);

TEST_P(Fork, what_was_said_before_is_not_computed_again) {
  const auto actor = bench_->spawn();
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

TEST_P(Fork, many_go_as_many_ways_each_as_if_alone) {
  const auto parent = bench_->spawn();
  const auto said = conversation(120);
  ask(*parent, request(said));
  std::vector<std::unique_ptr<actor::Actor>> forks;
  for (std::size_t i = 0; i < fork_count(); ++i) {
    auto fork = parent->fork();
    ASSERT_TRUE(fork) << fork.error().message();
    forks.push_back(*std::move(fork));
  }
  const auto alone = bench_->spawn();
  for (std::size_t i = 0; i < fork_count(); ++i) {
    auto told = said;
    told.push_back(static_cast<int>(100 + i));
    const Answer of_fork = ask(*forks[i], request(told));
    EXPECT_EQ(of_fork.cached, 120u);
    ASSERT_EQ(of_fork.tokens, ask(*alone, request(told, false)).tokens) << "fork " << i;
  }
}

constexpr std::uint64_t kStepsBefore = 20;  // of the conversation that is forked

// What all requests begin with: more than a block of rows, and a part of the next.
json opening() {
  json ids = json::array();
  for (int i = 0; i < 21; ++i) ids.push_back(12 * i + 1);
  return ids;
}

std::string unfinished() {
  return json{{"prompt_ids", opening()},
              {"max_tokens", 24},
              {"temperature", 0.9},
              {"seed", 1},
              {"output", "tokens"}}
      .dump();
}

std::string continuation(std::size_t fork) {
  json ids = opening();
  ids.insert(ids.end(), {fork + 10, 2 * fork, 7});
  return json{{"prompt_ids", ids},
              {"max_tokens", 4 + fork % 3},
              {"temperature", fork % 2},
              {"seed", fork},
              {"output", "tokens"}}
      .dump();
}

// Makes steps of all of them together until none is ready. Records wait.
void run_together(device::Device& device,
                  const std::vector<std::unique_ptr<actor::Actor>>& actors) {
  actor::Scheduler scheduler(device);
  std::vector<actor::Actor*> all;
  for (const auto& actor : actors) all.push_back(actor.get());
  while (std::ranges::any_of(all, [](const actor::Actor* actor) { return actor->is_ready(); })) {
    scheduler.step(all);
  }
}

TEST_P(Fork, many_of_an_unfinished_answer_go_on_together_each_as_if_alone) {
  const auto parent = bench_->spawn();
  parent->send(unfinished());
  must(parent->run([](std::string_view) {}, kStepsBefore));
  const std::uint64_t parent_digest = digest_of(*parent);
  std::vector<std::unique_ptr<actor::Actor>> forks;
  for (std::size_t i = 0; i < fork_count(); ++i) {
    forks.push_back(must(parent->fork()));
    forks.back()->send(continuation(i));
  }
  run_together(bench_->device(), forks);
  EXPECT_EQ(digest_of(*parent), parent_digest);

  std::set<std::uint64_t> digests;
  for (std::size_t i = 0; i < fork_count(); ++i) {
    std::vector<std::unique_ptr<actor::Actor>> alone;
    alone.push_back(bench_->spawn());
    alone[0]->send(unfinished());
    must(alone[0]->run([](std::string_view) {}, kStepsBefore));
    alone[0]->send(continuation(i));
    run_together(bench_->device(), alone);
    ASSERT_EQ(forks[i]->output().records(), alone[0]->output().records()) << "fork " << i;
    ASSERT_EQ(digest_of(*forks[i]), digest_of(*alone[0])) << "fork " << i;
    digests.insert(digest_of(*forks[i]));
  }
  EXPECT_EQ(digests.size(), fork_count());
}

TEST_P(Fork, lives_on_when_what_it_came_from_has_ended) {
  auto parent = bench_->spawn();
  parent->send(unfinished());
  must(parent->run([](std::string_view) {}, kStepsBefore));
  auto child = must(parent->fork());
  auto grandchild = must(child->fork());
  std::vector<std::string> wanted, records;
  must(parent->run([&](std::string_view record) { wanted.emplace_back(record); }));
  parent.reset();
  child.reset();
  must(grandchild->run([&](std::string_view record) { records.emplace_back(record); }));
  EXPECT_EQ(records, wanted);
}

}  // namespace
}  // namespace driftwood::test
