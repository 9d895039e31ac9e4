#include "actor/actor.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "device/null/null_device.h"
#include "driftwood_program.hpp"
#include "guest/test_support.h"

namespace driftwood::actor {
namespace {

using guest::test::read_word;
using guest::test::Script;

constexpr std::uint32_t kPage = 65536;
constexpr std::uint32_t kProgram = 8192, kBindings = Script::kFree, kRecord = Script::kFree + 256;

constexpr std::uint32_t kStartEvent = Script::kFree + 1024;

// More that the guest does.
struct Code {
  std::string after_message = {}, after_run = {};
  bool start_again = false;  // it takes two calls to start, and keeps the event of the second
};

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

  void spawn(int after_run, const Code& code = {}) {
    const auto graph =
        script.call("graph_compile", {0, kProgram, static_cast<std::int64_t>(program_.size())});
    script.call("window_share", {4 * kPage, kPage, DW_READ_WRITE});
    script.words(kBindings, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_WINDOW, 1, 2, 64});
    script.call("graph_bind", {graph, kBindings, 2});
    if (code.start_again) {
      script.end_phase(DW_NEXT_CONTINUE);
      script.code(fmt::format("(i32.store (i32.const {}) (local.get $event))", kStartEvent));
    }
    script.end_phase(DW_NEXT_IDLE);
    script.call("output_write", {kRecord, 5});
    script.call("graph_start", {graph, 0, 0});
    script.code(code.after_message);
    script.end_phase(DW_NEXT_RUN);
    script.code(code.after_run);
    script.end_phase(after_run);
    make_actor(script.wat());
  }
  void make_actor(const std::string& wat) {
    auto made = Actor::create(services, guest::test::compile(wat).value());
    ASSERT_TRUE(made) << made.error().message();
    actor = *std::move(made);
  }
  Result<Status> run() { return actor->run(services.write_output); }

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
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(outputs, std::vector<std::string>{"hello"});
  EXPECT_EQ(null_device().submissions().size(), 1u);
  EXPECT_EQ(last_event(), DW_EVENT_RUN_DONE);
  EXPECT_EQ(last_status(), 0);
}

TEST_F(ActorLoop, does_nothing_without_a_message) {
  spawn(DW_NEXT_IDLE);
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_TRUE(outputs.empty());
  EXPECT_TRUE(null_device().submissions().empty());
}

TEST_F(ActorLoop, says_that_the_guest_has_finished_and_leaves_later_messages) {
  spawn(DW_NEXT_FINISHED);
  actor->send("one");
  actor->send("two");
  EXPECT_EQ(*run(), Status::finished);
  EXPECT_EQ(*run(), Status::finished);
  EXPECT_EQ(outputs.size(), 1u);
}

TEST_F(ActorLoop, a_run_that_failed_is_the_guests_to_judge) {
  spawn(DW_NEXT_IDLE);
  null_device().fail_call(device::null::Call::wait, ErrorCode::invalid_argument);
  actor->send("one");
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_INVALID);
}

TEST_F(ActorLoop, a_submission_that_is_refused_is_the_guests_to_judge) {
  spawn(DW_NEXT_IDLE);
  null_device().fail_call(device::null::Call::submit, ErrorCode::out_of_memory);
  actor->send("one");
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_MEMORY);
}

TEST_F(ActorLoop, a_lost_device_ends_the_work) {
  spawn(DW_NEXT_IDLE);
  null_device().fail_call(device::null::Call::wait, ErrorCode::device_lost);
  actor->send("one");
  const auto status = run();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::device_lost);
}

TEST_F(ActorLoop, is_over_when_its_guest_failed) {
  spawn(-1);
  actor->send("one");
  const auto first = run();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code(), ErrorCode::guest_failed);
  actor->send("two");
  const auto second = run();
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
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_CANCELLED);
}

TEST_F(ActorLoop, waits_on_after_a_timeout) {
  spawn(DW_NEXT_IDLE);
  null_device().fail_call(device::null::Call::wait, ErrorCode::timeout);
  actor->send("one");
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_status(), 0);
}

TEST_F(ActorLoop, a_cancellation_before_the_run_reaches_the_guest_instead_of_the_device) {
  services.write_output = [this](std::string_view) { actor->cancel(); };
  spawn(DW_NEXT_IDLE);
  actor->send("one");
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_CANCELLED);
  EXPECT_TRUE(null_device().submissions().empty());
}

TEST_F(ActorLoop, a_guest_that_wants_another_call_hears_of_the_cancellation) {
  services.write_output = [this](std::string_view) { actor->cancel(); };
  spawn(DW_NEXT_CONTINUE);
  actor->send("one");
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_event(), DW_EVENT_CANCEL);
}

TEST_F(ActorLoop, a_run_whose_time_is_over_does_not_begin) {
  spawn(DW_NEXT_IDLE);
  actor->send("one", 0);
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_TIMEOUT);
  EXPECT_TRUE(null_device().submissions().empty());
}

TEST_F(ActorLoop, a_guest_that_wants_another_call_hears_of_the_deadline) {
  spawn(DW_NEXT_CONTINUE);
  actor->send("one", 0);
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_event(), DW_EVENT_DEADLINE);
}

TEST_F(ActorLoop, a_deadline_that_never_comes_changes_nothing) {
  spawn(DW_NEXT_CONTINUE);
  actor->send("one", std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_event(), DW_EVENT_CONTINUE);
  EXPECT_EQ(null_device().submissions().size(), 1u);
}

TEST_F(ActorLoop, a_deadline_is_that_of_one_message) {
  spawn(DW_NEXT_IDLE, {.after_run = "(global.set $phase (i32.const 0))"});
  actor->send("one", 0);
  actor->send("two");
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_status(), 0);
  EXPECT_EQ(null_device().submissions().size(), 1u);
}

TEST_F(ActorLoop, a_cancellation_while_idle_is_forgotten) {
  spawn(DW_NEXT_IDLE);
  EXPECT_EQ(*run(), Status::idle);
  actor->cancel();
  actor->send("one");
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_status(), 0);
}

TEST_F(ActorLoop, a_guest_that_starts_hears_of_the_deadline_of_the_message_that_waits) {
  spawn(DW_NEXT_IDLE, {.start_again = true});
  actor->send("one", 0);
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(read_word(actor->guest(), kStartEvent), DW_EVENT_DEADLINE);
  EXPECT_EQ(last_status(), DW_E_TIMEOUT);  // and it is that of the message as well
}

TEST_F(ActorLoop, a_start_is_not_on_the_time_of_a_later_message) {
  spawn(DW_NEXT_IDLE, {.start_again = true});
  actor->send("one");
  actor->send("two", 0);
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(read_word(actor->guest(), kStartEvent), DW_EVENT_CONTINUE);
}

// What shares the device with others has its own time to end, not theirs.
TEST_F(ActorLoop, the_time_to_end_its_work_is_that_of_the_guests_own_calls) {
  services.write_output = [this](std::string_view) { actor->cancel(); };
  spawn(DW_NEXT_IDLE);
  actor->send("one");
  ASSERT_TRUE(actor->run(services.write_output, 2)) << "its start, and the run that was cancelled";
  std::this_thread::sleep_for(std::chrono::nanoseconds(Actor::kGraceNs + 100'000'000));
  EXPECT_EQ(*run(), Status::idle);
  EXPECT_EQ(last_status(), DW_E_CANCELLED);
}

TEST_F(ActorLoop, a_cancellation_that_it_has_not_heard_of_is_a_part_of_it) {
  spawn(DW_NEXT_CONTINUE);
  actor->send("one");
  ASSERT_TRUE(actor->run(services.write_output, 2));
  actor->cancel();
  auto fork = actor->fork();
  ASSERT_TRUE(fork) << fork.error().message();
  EXPECT_TRUE((*fork)->run(services.write_output));
  EXPECT_EQ(read_word((*fork)->guest(), Script::kEvent), DW_EVENT_CANCEL);
}

TEST_F(ActorLoop, within_a_step_it_is_not_saved_nor_changed) {
  spawn(DW_NEXT_IDLE);
  ErrorCode saved = {}, forked = {}, parked = {}, ran = {}, undone = {};
  services.write_output = [&](std::string_view) {
    saved = actor->snapshot().error().code();
    forked = actor->fork().error().code();
    parked = actor->park(testing::TempDir() + "never.safetensors").error().code();
    ran = actor->run(services.write_output).error().code();
    undone = actor->undo(1).error().code();
  };
  actor->send("one");
  EXPECT_EQ(*run(), Status::idle);
  for (const ErrorCode code : {saved, forked, parked, ran, undone}) {
    EXPECT_EQ(code, ErrorCode::invalid_argument);
  }
}

// Each of them is told to end, and goes on.
class Stubborn : public ActorLoop {
 protected:
  Stubborn() {
    services.write_output = [this](std::string_view) { actor->cancel(); };
  }

  void expect_end(ErrorCode code) {
    actor->send("one");
    const auto status = run();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), code);
    EXPECT_NE(status.error().message().find("did not end its work within 1000 ms"),
              std::string::npos)
        << status.error().message();
  }
};

TEST_F(Stubborn, a_guest_that_asks_for_run_after_run_is_ended) {
  spawn(DW_NEXT_IDLE, {.after_message = "(global.set $phase (i32.const 0))"});
  expect_end(ErrorCode::cancelled);
  EXPECT_TRUE(null_device().submissions().empty());
}

TEST_F(Stubborn, a_guest_that_wants_call_after_call_is_ended) {
  spawn(DW_NEXT_CONTINUE, {.after_run = "(global.set $phase (i32.const 1))"});
  expect_end(ErrorCode::cancelled);
  EXPECT_EQ(last_event(), DW_EVENT_CONTINUE);  // the cancellation was told once
}

TEST_F(Stubborn, a_guest_that_does_not_return_is_ended) {
  spawn(DW_NEXT_IDLE, {.after_run = "(loop $l (br $l))"});
  expect_end(ErrorCode::cancelled);
}

TEST_F(Stubborn, a_guest_that_does_not_return_after_its_deadline_is_ended) {
  services.write_output = [](std::string_view) {};
  spawn(DW_NEXT_IDLE, {.after_run = "(loop $l (br $l))"});
  actor->send("zero", 0);
  const auto status = run();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::timeout);
}

// What never becomes idle, so that no message is ever taken.
class StubbornStart : public Stubborn, public testing::WithParamInterface<bool> {
 protected:
  // With a cancellation by another thread, or by the deadline of the message that waits.
  void expect_end_of(const std::string& wat) {
    make_actor(wat);
    const bool cancels = GetParam();
    actor->send("one", cancels ? std::optional<std::uint64_t>() : 50'000'000);
    std::thread owner([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (cancels) actor->cancel();
    });
    const auto status = run();
    owner.join();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), cancels ? ErrorCode::cancelled : ErrorCode::timeout);
    EXPECT_NE(status.error().message().find("did not end its work within 1000 ms"),
              std::string::npos)
        << status.error().message();
  }
};

TEST_P(StubbornStart, a_guest_that_never_becomes_idle_is_ended) {
  script.end_phase(DW_NEXT_CONTINUE);
  script.code("(global.set $phase (i32.const 0))");
  script.end_phase(DW_NEXT_CONTINUE);
  expect_end_of(script.wat());
}

TEST_P(StubbornStart, a_guest_that_does_not_return_from_its_start_is_ended) {
  script.code("(loop $l (br $l))");
  script.end_phase(DW_NEXT_IDLE);
  expect_end_of(script.wat());
}

TEST_P(StubbornStart, a_guest_that_does_not_return_from_initialize_is_ended) {
  script.extra = R"((func (export "_initialize") (loop $l (br $l))))";
  script.end_phase(DW_NEXT_IDLE);
  expect_end_of(script.wat());
}

INSTANTIATE_TEST_SUITE_P(Told, StubbornStart, testing::Bool(), [](const auto& told) {
  return told.param ? "by_its_owner" : "by_its_deadline";
});

}  // namespace
}  // namespace driftwood::actor
