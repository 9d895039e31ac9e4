// Coroutines over a host that is played here: the test gives events and reads what the guest
// returns.
#include "driftwood_task.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace {

std::string message_text, failure_text;
std::vector<std::string> outputs;
std::int32_t start_result = 1;

std::int32_t give(const std::string& text, void* out, std::uint32_t capacity) {
  std::memcpy(out, text.data(), std::min<std::size_t>(capacity, text.size()));
  return static_cast<std::int32_t>(text.size());
}

}  // namespace

extern "C" {
std::int32_t dw_log(std::int32_t, const char*, std::uint32_t) {
  return 0;
}
std::int32_t dw_error_text(char* out, std::uint32_t capacity) {
  return give(failure_text, out, capacity);
}
std::int32_t dw_message_read(void* out, std::uint32_t capacity) {
  return give(message_text, out, capacity);
}
std::int32_t dw_output_write(const void* record, std::uint32_t size) {
  outputs.emplace_back(static_cast<const char*>(record), size);
  return 0;
}
}

namespace driftwood::sdk {
namespace {

Task<Result<void>> run_twice() {
  for (int i = 0; i < 2; ++i) {
    if (auto done = co_await Run(start_result); !done) co_return done;
  }
  co_return Result<void>();
}

// Answers each message with how its two runs ended; "stop" ends it with an error.
Task<Result<void>> run_guest() {
  while (auto message = co_await next_message()) {
    if (*message == "stop") co_return fail(DW_E_IO, "Stopped.");
    const auto done = co_await run_twice();
    co_await yield();
    write_output(*message + (done ? " done" : " " + done.error().message) +
                 (may_go_on() ? "" : ", " + may_go_on().error().message));
  }
  co_return Result<void>();
}

class TaskTest : public testing::Test {
 protected:
  void SetUp() override {
    Waiting::instance() = Waiting();
    outputs.clear();
    start_result = 1;
    EXPECT_EQ(guest.start(), DW_NEXT_IDLE);
  }
  std::int32_t send(std::string text) {
    message_text = std::move(text);
    return guest.resume(DW_EVENT_MESSAGE, 0);
  }

  Guest guest{run_guest()};
};

TEST_F(TaskTest, goes_on_where_it_waited) {
  for (const std::string& text : {std::string("a"), std::string(1000, 'b')}) {
    EXPECT_EQ(send(text), DW_NEXT_RUN);
    EXPECT_EQ(guest.resume(DW_EVENT_RUN_DONE, 0), DW_NEXT_RUN);
    EXPECT_EQ(guest.resume(DW_EVENT_RUN_DONE, 0), DW_NEXT_CONTINUE);
    EXPECT_EQ(guest.resume(DW_EVENT_CONTINUE, 0), DW_NEXT_IDLE);
    EXPECT_EQ(outputs.back(), text + " done");
  }
}

TEST_F(TaskTest, a_failed_run_gives_the_host_s_sentence) {
  failure_text = "Op 3 fails.";
  send("a");
  EXPECT_EQ(guest.resume(DW_EVENT_RUN_DONE, DW_E_INVALID), DW_NEXT_CONTINUE);
  guest.resume(DW_EVENT_CONTINUE, 0);
  EXPECT_EQ(outputs.back(), "a Op 3 fails.");
}

TEST_F(TaskTest, a_run_that_is_refused_is_not_waited_for) {
  start_result = DW_E_INVALID;
  failure_text = "Symbol 0 is 9.";
  EXPECT_EQ(send("a"), DW_NEXT_CONTINUE);
  guest.resume(DW_EVENT_CONTINUE, 0);
  EXPECT_EQ(outputs.back(), "a Symbol 0 is 9.");
}

TEST_F(TaskTest, a_cancelled_run_marks_the_message_and_not_the_next_one) {
  failure_text = "Cancelled.";
  send("a");
  guest.resume(DW_EVENT_RUN_DONE, DW_E_CANCELLED);
  guest.resume(DW_EVENT_CONTINUE, 0);
  EXPECT_EQ(outputs.back(), "a Cancelled., The work on the message is cancelled.");
  send("b");
  EXPECT_TRUE(may_go_on());
}

TEST_F(TaskTest, a_run_whose_time_is_over_marks_the_message_and_not_the_next_one) {
  failure_text = "Too late.";
  send("a");
  guest.resume(DW_EVENT_RUN_DONE, DW_E_TIMEOUT);
  guest.resume(DW_EVENT_CONTINUE, 0);
  EXPECT_EQ(outputs.back(), "a Too late., The time for the message is over.");
  send("b");
  EXPECT_TRUE(may_go_on());
}

TEST_F(TaskTest, a_deadline_event_is_told_from_a_cancellation) {
  send("a");
  EXPECT_EQ(guest.resume(DW_EVENT_DEADLINE, 0), DW_NEXT_RUN);
  EXPECT_EQ(may_go_on().error().code, DW_E_TIMEOUT);
  EXPECT_EQ(guest.resume(DW_EVENT_CANCEL, 0), DW_NEXT_RUN);
  EXPECT_EQ(may_go_on().error().code, DW_E_CANCELLED);
}

TEST_F(TaskTest, a_cancel_event_waits_for_the_run_in_flight) {
  send("a");
  EXPECT_EQ(guest.resume(DW_EVENT_CANCEL, 0), DW_NEXT_RUN);
  EXPECT_FALSE(may_go_on());
  EXPECT_EQ(guest.resume(DW_EVENT_RUN_DONE, 0), DW_NEXT_RUN);
}

TEST_F(TaskTest, a_cancel_event_while_idle_changes_nothing) {
  EXPECT_EQ(guest.resume(DW_EVENT_CANCEL, 0), DW_NEXT_IDLE);
  EXPECT_EQ(send("a"), DW_NEXT_RUN);
  EXPECT_TRUE(may_go_on());
}

TEST_F(TaskTest, a_shutdown_ends_the_guest) {
  EXPECT_EQ(guest.resume(DW_EVENT_SHUTDOWN, 0), DW_NEXT_FINISHED);
  EXPECT_EQ(guest.resume(DW_EVENT_MESSAGE, 0), DW_E_INVALID);
}

TEST_F(TaskTest, an_error_of_the_outermost_coroutine_is_what_the_export_returns) {
  EXPECT_EQ(send("stop"), DW_E_IO);
}

TEST(Task, many_calls_do_not_deepen_the_stack) {
  Waiting::instance() = Waiting();
  static auto one = []() -> Task<int> { co_return 1; };
  static auto count = []() -> Task<Result<void>> {
    int sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await one();
    write_output(std::to_string(sum));
    co_return Result<void>();
  };
  Guest guest(count());
  EXPECT_EQ(guest.start(), DW_NEXT_FINISHED);
  EXPECT_EQ(outputs.back(), "1000000");
}

}  // namespace
}  // namespace driftwood::sdk
