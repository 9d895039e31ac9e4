#include "actor/actor.h"

#include <gtest/gtest.h>

#include "device/null/null_device.h"
#include "driftwood_program.hpp"
#include "guest/test_support.h"

namespace driftwood::actor {
namespace {

using guest::test::read_word;
using guest::test::Script;

constexpr std::uint32_t kPage = 65536;
constexpr std::uint32_t kProgram = 8192, kBindings = Script::kFree, kRecord = Script::kFree + 256;

// A guest that prepares one addition over a window when it starts, writes a record and asks for a
// run when a message comes, and returns `after_run` when the run has ended.
class ActorLoop : public guest::test::HostedGuest {
 protected:
  ActorLoop() {
    sdk::Program program;
    const sdk::Tensor x = program.window(sdk::DType::f32, {16});
    const sdk::Tensor y = program.window(sdk::DType::f32, {16});
    program.add(x, x, y);
    program_ = program.encode();
    script.data(kProgram, program_.data(), program_.size());
    script.data(kRecord, "hello");
  }

  void spawn(int after_run) {
    const auto graph =
        script.call("graph_compile", {0, kProgram, static_cast<std::int64_t>(program_.size())});
    script.call("window_share", {4 * kPage, kPage, DW_READ_WRITE});
    script.words(kBindings, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_WINDOW, 1, 2, 64});
    script.call("graph_bind", {graph, kBindings, 2});
    script.end_phase(DW_NEXT_IDLE);
    script.call("output_write", {kRecord, 5});
    script.call("graph_start", {graph, 0, 0});
    script.end_phase(DW_NEXT_RUN);
    script.end_phase(after_run);
    auto guest = create(script.wat());
    ASSERT_TRUE(guest) << guest.error().message();
    actor = std::make_unique<Actor>(*device, *std::move(guest));
  }

  std::int32_t last_event() const { return read_word(actor->guest(), Script::kEvent); }
  std::int32_t last_status() const { return read_word(actor->guest(), Script::kStatus); }
  device::null::NullDevice& null_device() const {
    return static_cast<device::null::NullDevice&>(*device);
  }

  Script script;
  std::unique_ptr<Actor> actor;

 private:
  std::vector<std::uint8_t> program_;
};

TEST_F(ActorLoop, does_the_run_that_a_message_led_to) {
  spawn(DW_NEXT_IDLE);
  actor->send("one");
  EXPECT_EQ(*actor->run(), Status::idle);
  EXPECT_EQ(outputs, std::vector<std::string>{"hello"});
  EXPECT_EQ(null_device().submissions().size(), 1u);
  EXPECT_EQ(last_event(), DW_EVENT_RUN_DONE);
  EXPECT_EQ(last_status(), 0);
}

TEST_F(ActorLoop, does_nothing_without_a_message) {
  spawn(DW_NEXT_IDLE);
  EXPECT_EQ(*actor->run(), Status::idle);
  EXPECT_TRUE(outputs.empty());
  EXPECT_TRUE(null_device().submissions().empty());
}

TEST_F(ActorLoop, says_that_the_guest_has_finished_and_leaves_later_messages) {
  spawn(DW_NEXT_FINISHED);
  actor->send("one");
  actor->send("two");
  EXPECT_EQ(*actor->run(), Status::finished);
  EXPECT_EQ(*actor->run(), Status::finished);
  EXPECT_EQ(outputs.size(), 1u);
}

TEST_F(ActorLoop, a_run_that_failed_is_the_guests_to_judge) {
  spawn(DW_NEXT_IDLE);
  null_device().fail_call(device::null::Call::wait, ErrorCode::invalid_argument);
  actor->send("one");
  EXPECT_EQ(*actor->run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_INVALID);
}

TEST_F(ActorLoop, a_submission_that_is_refused_is_the_guests_to_judge) {
  spawn(DW_NEXT_IDLE);
  null_device().fail_call(device::null::Call::submit, ErrorCode::out_of_memory);
  actor->send("one");
  EXPECT_EQ(*actor->run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_MEMORY);
}

TEST_F(ActorLoop, a_lost_device_ends_the_work) {
  spawn(DW_NEXT_IDLE);
  null_device().fail_call(device::null::Call::wait, ErrorCode::device_lost);
  actor->send("one");
  const auto status = actor->run();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::device_lost);
}

TEST_F(ActorLoop, is_over_when_its_guest_failed) {
  spawn(-1);
  actor->send("one");
  const auto first = actor->run();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code(), ErrorCode::guest_failed);
  actor->send("two");
  const auto second = actor->run();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message(), first.error().message());
  EXPECT_EQ(null_device().submissions().size(), 1u);
}

TEST_F(ActorLoop, a_cancellation_while_the_guest_starts_is_meant_for_its_first_message) {
  services.now_ns = [this] {
    actor->cancel();
    return std::uint64_t{1};
  };
  script.call("now", {Script::kFree + 512});
  spawn(DW_NEXT_IDLE);
  actor->send("one");
  EXPECT_EQ(*actor->run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_CANCELLED);
}

TEST_F(ActorLoop, waits_on_after_a_timeout) {
  spawn(DW_NEXT_IDLE);
  null_device().fail_call(device::null::Call::wait, ErrorCode::timeout);
  actor->send("one");
  EXPECT_EQ(*actor->run(), Status::idle);
  EXPECT_EQ(last_status(), 0);
}

TEST_F(ActorLoop, a_cancellation_before_the_run_reaches_the_guest_instead_of_the_device) {
  services.write_output = [this](std::string_view) { actor->cancel(); };
  spawn(DW_NEXT_IDLE);
  actor->send("one");
  EXPECT_EQ(*actor->run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_CANCELLED);
  EXPECT_TRUE(null_device().submissions().empty());
}

TEST_F(ActorLoop, a_guest_that_wants_another_call_hears_of_the_cancellation) {
  services.write_output = [this](std::string_view) { actor->cancel(); };
  spawn(DW_NEXT_CONTINUE);
  actor->send("one");
  EXPECT_EQ(*actor->run(), Status::idle);
  EXPECT_EQ(last_event(), DW_EVENT_CANCEL);
}

TEST_F(ActorLoop, a_cancellation_while_idle_is_forgotten) {
  spawn(DW_NEXT_IDLE);
  EXPECT_EQ(*actor->run(), Status::idle);
  actor->cancel();
  actor->send("one");
  EXPECT_EQ(*actor->run(), Status::idle);
  EXPECT_EQ(last_status(), 0);
}

}  // namespace
}  // namespace driftwood::actor
