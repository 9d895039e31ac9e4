#include "actor/scheduler.h"

#include <gtest/gtest.h>

#include "actor/test_frozen.h"
#include "device/null/null_device.h"

namespace driftwood::actor {
namespace {

using device::null::Call;

class Schedule : public test::FrozenActor {
 protected:
  // Actors that have started and have a message.
  std::vector<std::unique_ptr<Actor>> spawn_ready(std::size_t count) {
    std::vector<std::unique_ptr<Actor>> actors;
    for (std::size_t i = 0; i < count; ++i) {
      actors.push_back(spawn());
      EXPECT_TRUE(actors.back()->run(services.write_output));
      actors.back()->send("one");
    }
    return actors;
  }
  void step(const std::vector<std::unique_ptr<Actor>>& actors) {
    std::vector<Actor*> pointers;
    for (const auto& actor : actors) pointers.push_back(actor.get());
    Scheduler(*device).step(pointers);
  }
  device::null::NullDevice& null_device() const {
    return static_cast<device::null::NullDevice&>(*device);
  }
  static std::int32_t last_status(Actor& actor) {
    return guest::test::read_word(actor.guest(), Script::kStatus);
  }
};

TEST_F(Schedule, equal_programs_are_one_submission) {
  const auto actors = spawn_ready(3);
  step(actors);
  ASSERT_EQ(null_device().submissions().size(), 1u);
  EXPECT_EQ(null_device().submissions()[0].sequences.size(), 3u);
  step(actors);
  for (const auto& actor : actors) {
    EXPECT_EQ(last_status(*actor), 0);
    EXPECT_EQ(*actor->status(), Status::idle);
    EXPECT_EQ(actor->output().records().size(), 1u);  // that nobody took
  }
}

TEST_F(Schedule, more_than_fit_are_several_submissions) {
  const auto actors = spawn_ready(device::Device::kMostSequences + 1);
  step(actors);
  ASSERT_EQ(null_device().submissions().size(), 2u);
  EXPECT_EQ(null_device().submissions()[0].sequences.size(), device::Device::kMostSequences);
  EXPECT_EQ(null_device().submissions()[1].sequences.size(), 1u);
}

TEST_F(Schedule, nothing_is_done_for_actors_that_have_nothing_to_do) {
  const auto actor = spawn();
  EXPECT_TRUE(actor->run(services.write_output));
  Actor* const idle = actor.get();
  Scheduler(*device).step({&idle, 1});
  Scheduler(*device).step({});
  EXPECT_TRUE(null_device().submissions().empty());
}

TEST_F(Schedule, runs_that_fail_together_are_tried_alone) {
  const auto actors = spawn_ready(2);
  null_device().fail_call(Call::wait, ErrorCode::invalid_argument);
  step(actors);
  EXPECT_EQ(null_device().submissions().size(), 3u);
  step(actors);
  for (const auto& actor : actors) EXPECT_EQ(last_status(*actor), 0);
}

TEST_F(Schedule, a_run_that_fails_alone_is_told_to_its_own_guest) {
  auto actors = spawn_ready(1);
  null_device().fail_call(Call::submit, ErrorCode::limit);
  step(actors);
  EXPECT_TRUE(null_device().submissions().empty());
  step(actors);
  EXPECT_EQ(last_status(*actors[0]), DW_E_LIMIT);
}

TEST_F(Schedule, a_lost_device_ends_all_whose_runs_it_had) {
  const auto actors = spawn_ready(2);
  null_device().fail_call(Call::wait, ErrorCode::device_lost);
  step(actors);
  EXPECT_EQ(null_device().submissions().size(), 1u);
  for (const auto& actor : actors) {
    ASSERT_FALSE(actor->status());
    EXPECT_EQ(actor->status().error().code(), ErrorCode::device_lost);
    EXPECT_FALSE(actor->is_ready());
  }
}

TEST_F(Schedule, a_cancelled_actor_is_left_out_of_the_batch) {
  const auto actors = spawn_ready(2);
  actors[0]->send("two");
  step(actors);
  step(actors);
  null_device().fail_call(Call::wait, ErrorCode::timeout);  // the others' wait goes on
  actors[1]->send("two");
  actors[0]->cancel();
  step(actors);
  EXPECT_EQ(null_device().submissions().back().sequences.size(), 1u);
}

TEST_F(Schedule, an_actor_whose_records_nobody_takes_is_not_called_again) {
  const auto actors = spawn_ready(1);
  actors[0]->output() = OutputQueue::restore(
      0, {std::string(static_cast<std::size_t>(Actor::kMostWaitingBytes), 'x')});
  EXPECT_FALSE(actors[0]->is_ready());
  step(actors);
  EXPECT_TRUE(null_device().submissions().empty());
  actors[0]->output().pop();
  step(actors);
  EXPECT_EQ(null_device().submissions().size(), 1u);
}

}  // namespace
}  // namespace driftwood::actor
