#include <driftwood/runtime.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "os/test_folder.h"
#include "runtime/handles.h"

namespace driftwood {
namespace {

constexpr const char* kRequest =
    R"({"prompt_ids": [1, 5, 9, 20], "max_tokens": 12, "temperature": 0.8, "seed": 7,
        "ignore_eos": true, "output": "tokens"})";

// A conversation with a small random model.
class Frozen : public testing::Test {
 protected:
  Actor spawn(const ActorOptions& options = {}) {
    auto actor = runtime_.spawn(guest_, model_, options);
    EXPECT_TRUE(actor) << actor.error().message();
    return *std::move(actor);
  }

  // The records of so many steps, the clock's times taken out.
  std::vector<std::string> work(Actor& actor, std::uint64_t steps = UINT64_MAX) {
    std::vector<std::string> records;
    const auto status = actor.run(
        [&](std::string_view record) {
          if (!record.contains("usage")) records.emplace_back(record);
        },
        steps);
    EXPECT_TRUE(status) << status.error().message();
    return records;
  }

  std::vector<std::string> whole_answer() {
    Actor actor = spawn();
    actor.send(kRequest);
    return work(actor);
  }

  Actor thaw(const std::string& path, const ThawOptions& options = {}) {
    auto thawed = runtime_.thaw(path, model_, options);
    EXPECT_TRUE(thawed) << thawed.error().message();
    EXPECT_EQ(thawed->report.sameness, Sameness::identical);
    return std::move(thawed->actor);
  }

  static std::vector<std::string> joined(std::vector<std::string> a,
                                         const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  os::TestFolder folder_;
  const std::string path_ = folder_.path("actor.safetensors");
  Runtime runtime_ = Runtime::create({.device = "cpu", .thread_count = 1}).value();
  GuestModule guest_ = runtime_.builtin_guest("llama").value();
  Model model_{model::make_seeded_llama(3)};
};

TEST_F(Frozen, goes_on_from_its_file_as_if_it_had_not_been_one) {
  Actor actor = spawn();
  actor.send(kRequest);
  const auto before = work(actor, 6);
  const auto report = actor.freeze(path_, {.durability = Durability::synced});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->file_bytes, std::filesystem::file_size(path_));
  EXPECT_GT(report->state_rows, 3u);
  Actor other = thaw(path_, {.verify = true});
  const auto wanted = whole_answer();
  EXPECT_EQ(joined(before, work(other)), wanted);
  EXPECT_EQ(joined(before, work(actor)), wanted) << "the one that was frozen goes on, too";
}

TEST_F(Frozen, goes_on_from_bytes_in_memory) {
  Actor actor = spawn();
  actor.send(kRequest);
  const auto before = work(actor, 4);
  const auto bytes = actor.freeze({});
  ASSERT_TRUE(bytes);
  auto thawed = runtime_.thaw(*bytes, model_, {});
  ASSERT_TRUE(thawed) << thawed.error().message();
  EXPECT_EQ(joined(before, work(thawed->actor)), whole_answer());
}

TEST_F(Frozen, goes_on_the_same_where_its_guest_was_compiled_by_an_earlier_process) {
  const RuntimeOptions options{
      .device = "cpu", .thread_count = 1, .isa = "", .cache_folder = folder_.path("cache")};
  const auto wanted = whole_answer();
  std::vector<std::string> before;
  {
    Actor actor = spawn();
    actor.send(kRequest);
    before = work(actor, 6);
    ASSERT_TRUE(actor.freeze(path_, {}));
  }
  for (const bool is_kept : {false, true}) {
    EXPECT_EQ(std::filesystem::exists(options.cache_folder), is_kept);
    runtime_ = Runtime::create(options).value();
    Actor thawed = thaw(path_);  // with the guest in the file
    EXPECT_EQ(joined(before, work(thawed)), wanted);
    guest_ = runtime_.builtin_guest("llama").value();
    EXPECT_EQ(whole_answer(), wanted);
    Actor given = thaw(path_, {.guest = guest_});
    EXPECT_EQ(joined(before, work(given)), wanted);
  }
}

TEST_F(Frozen, a_thin_file_takes_the_guest_that_it_is_given_and_no_other) {
  Actor actor = spawn();
  actor.send(kRequest);
  work(actor, 4);
  ASSERT_TRUE(actor.freeze(path_, {.thin = true}));
  const auto without = runtime_.thaw(path_, model_, {});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code(), ErrorCode::not_found);
  EXPECT_TRUE(runtime_.thaw(path_, model_, {.guest = guest_}));
  const auto other = runtime_.thaw(path_, model_, {.guest = runtime_.builtin_guest("vad").value()});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(other.error().message().contains("another guest")) << other.error().message();
}

TEST_F(Frozen, another_model_is_refused_with_both_digests) {
  Actor actor = spawn();
  ASSERT_TRUE(actor.freeze(path_, {}));
  const Model another(model::make_seeded_llama(4));
  const auto refused = runtime_.thaw(path_, another, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(refused.error().message().contains(another.impl()->fingerprint().weights));
  EXPECT_TRUE(refused.error().message().contains(model_.impl()->fingerprint().weights));
  EXPECT_FALSE(runtime_.thaw(path_, std::nullopt, {}));
}

TEST_F(Frozen, is_replayed_from_its_inputs_with_the_same_bits) {
  Actor actor = spawn();
  actor.send(kRequest);
  work(actor, 9);
  ASSERT_TRUE(actor.freeze(path_, {}));
  const auto replayed = runtime_.replay(path_, model_, {});
  ASSERT_TRUE(replayed) << replayed.error().message();
  EXPECT_TRUE(replayed->is_equal) << replayed->difference;
  EXPECT_EQ(replayed->calls, 8u);
}

TEST_F(Frozen, a_cancelled_conversation_is_replayed_too) {
  Actor actor = spawn();
  actor.send(kRequest);
  std::size_t records = 0;
  ASSERT_TRUE(actor.run([&](std::string_view) {
    if (++records == 5) actor.cancel();
  }));
  actor.send(kRequest);
  work(actor, 5);
  ASSERT_TRUE(actor.freeze(path_, {}));
  const auto replayed = runtime_.replay(path_, model_, {});
  ASSERT_TRUE(replayed) << replayed.error().message();
  EXPECT_TRUE(replayed->is_equal) << replayed->difference;
}

TEST_F(Frozen, a_parked_actor_comes_back_with_its_next_message) {
  Actor actor = spawn(), other = spawn();
  for (Actor* one : {&actor, &other}) {
    one->send(kRequest);
    work(*one);
  }
  ASSERT_TRUE(actor.park(path_));
  EXPECT_TRUE(actor.is_parked());
  EXPECT_TRUE(work(actor).empty()) << "nothing to do, so it stays there";
  EXPECT_TRUE(actor.is_parked());
  for (Actor* one : {&actor, &other}) one->send(kRequest);
  EXPECT_EQ(work(actor), work(other));
  EXPECT_FALSE(actor.is_parked());
}

TEST_F(Frozen, an_actor_that_is_parked_in_the_midst_goes_on_from_there) {
  Actor actor = spawn();
  actor.send(kRequest);
  const auto before = work(actor, 7);
  ASSERT_TRUE(actor.park(path_));
  EXPECT_EQ(joined(before, work(actor)), whole_answer());
}

TEST_F(Frozen, undo_goes_back_to_before_a_message) {
  Actor actor = spawn({.undo_turns = 2});
  const std::string second = R"({"prompt_ids": [7, 7], "max_tokens": 5, "output": "tokens",
                                 "temperature": 0, "ignore_eos": true})";
  actor.send(kRequest);
  const auto first_answer = work(actor);
  actor.send(second);
  const auto second_answer = work(actor);
  ASSERT_TRUE(actor.undo());
  actor.send(second);
  EXPECT_EQ(work(actor), second_answer);
  ASSERT_TRUE(actor.undo(2));
  actor.send(kRequest);
  EXPECT_EQ(work(actor), first_answer);
  const auto too_far = actor.undo(2);
  ASSERT_FALSE(too_far);
  EXPECT_EQ(too_far.error().code(), ErrorCode::invalid_argument);
}

TEST_F(Frozen, forks_step_together_and_give_what_one_gives_alone) {
  Actor actor = spawn();
  actor.send(kRequest);
  const auto before = work(actor, 5);
  std::vector<Actor> forks;
  for (int i = 0; i < 5; ++i) forks.push_back(actor.fork().value());
  std::vector<Actor*> all;
  for (Actor& fork : forks) all.push_back(&fork);
  while (runtime_.step(all) > 0) {
  }
  const auto wanted = whole_answer();
  for (Actor& fork : forks) {
    std::vector<std::string> records = before;
    for (const OutputRecord& record : fork.take_output()) {
      if (!record.bytes.contains("usage")) records.push_back(record.bytes);
    }
    EXPECT_EQ(records, wanted);
  }
}

TEST_F(Frozen, is_computed_again_where_that_is_asked_for) {
  const std::string greedy = R"({"prompt_ids": [1, 5, 9, 20], "max_tokens": 12, "temperature": 0,
                                 "ignore_eos": true, "output": "tokens"})";
  Actor whole = spawn();
  whole.send(greedy);
  const auto wanted = work(whole);
  Actor actor = spawn();
  actor.send(greedy);
  const auto before = work(actor, 6);
  ASSERT_TRUE(actor.freeze(path_, {}));
  auto again = runtime_.reprefill(path_, guest_, model_, {});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(joined(before, work(*again)), wanted) << "the same model and guest, and no sampling";
}

TEST_F(Frozen, that_was_idle_is_computed_again_without_an_answer) {
  Actor actor = spawn();
  actor.send(kRequest);
  work(actor);
  ASSERT_TRUE(actor.freeze(path_, {}));
  auto again = runtime_.reprefill(path_, guest_, model_, {});
  ASSERT_TRUE(again) << again.error().message();
  const auto records = work(*again);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].contains("done")) << records[0];
}

TEST_F(Frozen, that_had_not_begun_is_answered_from_the_beginning) {
  Actor actor = spawn();
  ASSERT_TRUE(actor.freeze(path_, {}));
  auto idle = runtime_.reprefill(path_, guest_, model_, {});
  ASSERT_TRUE(idle) << idle.error().message();
  EXPECT_TRUE(work(*idle).empty());

  actor.send(kRequest);
  ASSERT_TRUE(actor.freeze(path_, {}));
  auto again = runtime_.reprefill(path_, guest_, model_, {});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(work(*again), work(actor));
}

TEST_F(Frozen, tokens_are_limited_over_the_whole_life) {
  ActorOptions options;
  options.limits.tokens = 10;
  Actor actor = spawn(options);
  actor.send(kRequest);
  const auto records = work(actor);
  ASSERT_FALSE(records.empty());
  EXPECT_TRUE(records.back().contains("limit of 10")) << records.back();
}

}  // namespace
}  // namespace driftwood
