#include "guest/guest.h"

#include <gtest/gtest.h>

#include <thread>

#include "guest/log_lines.h"
#include "guest/test_support.h"
#include "os/process.h"

namespace driftwood::guest {
namespace {

using test::Script;
using test::Value;

class GuestTest : public test::HostedGuest {
 protected:
  // What start() of a guest whose start is this code says.
  Result<Next> started(const std::string& code, int next = DW_NEXT_IDLE) {
    Script script;
    script.code(code);
    script.end_phase(next);
    guest = create(script.wat()).value();
    return guest->start();
  }

  std::unique_ptr<Guest> guest;
};

void expect_failed(const Result<Next>& next, std::string_view part) {
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), ErrorCode::guest_failed);
  EXPECT_NE(next.error().message().find(part), std::string::npos) << next.error().message();
}

TEST_F(GuestTest, gives_what_the_exports_return) {
  Script script;
  script.end_phase(DW_NEXT_CONTINUE);
  script.end_phase(DW_NEXT_IDLE);
  script.end_phase(DW_NEXT_FINISHED);
  auto made = create(script.wat()).value();
  EXPECT_EQ(made->start(), Next::proceed);
  EXPECT_EQ(made->resume(Event::proceed), Next::idle);
  EXPECT_EQ(made->resume(Event::message), Next::finished);
}

TEST_F(GuestTest, resume_passes_the_event_and_the_outcome) {
  Script script;
  script.end_phase(DW_NEXT_IDLE);
  script.call("error_text", {Script::kFree, 100});
  script.end_phase(DW_NEXT_IDLE);
  auto made = create(script.wat()).value();
  ASSERT_TRUE(made->start());
  ASSERT_TRUE(made->resume(Event::run_done, fail(ErrorCode::limit, "The state is full.")));
  EXPECT_EQ(test::read_word(*made, Script::kEvent), DW_EVENT_RUN_DONE);
  EXPECT_EQ(test::read_word(*made, Script::kStatus), DW_E_LIMIT);
  EXPECT_EQ(test::read_text(*made, Script::kFree, 18), "The state is full.");
  ASSERT_TRUE(made->resume(Event::message));
  EXPECT_EQ(test::read_word(*made, Script::kStatus), 0);
}

TEST_F(GuestTest, refuses_calls_out_of_order) {
  Script script;
  script.end_phase(DW_NEXT_FINISHED);
  auto made = create(script.wat()).value();
  EXPECT_EQ(made->resume(Event::message).error().code(), ErrorCode::invalid_argument);
  ASSERT_TRUE(made->start());
  EXPECT_EQ(made->start().error().code(), ErrorCode::invalid_argument);
  expect_failed(made->resume(Event::message), "finished");
}

TEST_F(GuestTest, a_trap_ends_the_guest) {
  expect_failed(started("unreachable"), "unreachable");
  expect_failed(guest->resume(Event::message), "failed before");
  EXPECT_FALSE(guest->run());
}

TEST_F(GuestTest, a_trap_names_the_function) {
  Script script;
  script.extra = "(func $deep (param i32) (drop (i32.div_s (i32.const 1) (local.get 0))))";
  script.code("(call $deep (i32.const 0))");
  script.end_phase(0);
  auto made = create(script.wat()).value();
  expect_failed(made->start(), "(deep): wasm trap: integer divide by zero");
}

TEST_F(GuestTest, endless_recursion_traps) {
  Script script;
  script.extra = "(func $f (call $f))";
  script.code("(call $f)");
  script.end_phase(0);
  auto made = create(script.wat()).value();
  expect_failed(made->start(), "stack");
}

TEST_F(GuestTest, an_error_code_ends_the_guest_with_its_last_error) {
  Script script;
  script.call("model_open", {0});
  script.end_phase(DW_E_NOT_FOUND);
  auto made = create(script.wat()).value();
  expect_failed(made->start(), "-2 (not_found). Its last error: The actor was given no model.");
}

TEST_F(GuestTest, failures_are_sentences_without_the_guests_controls) {
  expect_failed(started("unreachable"), "`unreachable` instruction executed.");
  Script script;
  script.end_phase(DW_NEXT_IDLE);
  script.end_phase(DW_E_IO);
  auto made = create(script.wat()).value();
  ASSERT_TRUE(made->start());
  const auto next = made->resume(
      Event::run_done, fail(ErrorCode::io, "Weight \x1b[2J\xc2\x9b{}", std::string(5000, 'x')));
  expect_failed(next, "Weight  [2J xxx");
  EXPECT_TRUE(next.error().message().ends_with("x...")) << next.error().message();
  EXPECT_LT(next.error().message().size(), 1200u);
}

TEST_F(GuestTest, a_long_function_name_is_cut) {
  Script script;
  script.extra = "(func $" + std::string(5000, 'f') + " unreachable)";
  script.code("(call 0)");
  script.end_phase(0);
  auto made = create(script.wat()).value();
  expect_failed(made->start(), "(" + std::string(kMostNameBytes, 'f') + "...)");
}

TEST_F(GuestTest, an_import_without_host_memory_answers_with_an_error) {
  for (const bool too_long : {false, true}) {
    services.random_bits = [too_long]() -> std::uint64_t {
      if (too_long) throw std::length_error("vector");
      throw std::bad_alloc();
    };
    Script script;
    const Value seed = script.call("random_seed", {Script::kFree});
    const Value text = script.call("error_text", {Script::kFree, 100});
    auto made = start(script);
    EXPECT_EQ(test::result_of(*made, seed), DW_E_MEMORY);
    EXPECT_EQ(test::read_text(*made, Script::kFree,
                              static_cast<std::size_t>(test::result_of(*made, text))),
              "The host has not the memory that this call needs.");
  }
}

TEST_F(GuestTest, other_exceptions_of_an_import_end_the_guest) {
  Script script;
  script.call("random_seed", {Script::kFree});
  script.end_phase(0);
  services.random_bits = []() -> std::uint64_t { throw std::runtime_error("no seeds"); };
  auto made = create(script.wat()).value();
  expect_failed(made->start(), ": an import failed inside the host: no seeds.");
  expect_failed(made->resume(Event::message), "failed before");
  EXPECT_EQ(made->start().error().code(), ErrorCode::invalid_argument);
  services.random_bits = []() -> std::uint64_t { throw 7; };
  auto other = create(script.wat()).value();
  expect_failed(other->start(), "an import failed inside the host: unknown exception.");
}

TEST_F(GuestTest, next_values_without_a_meaning_end_the_guest) {
  expect_failed(started("", 4), "returned 4");
  expect_failed(started("", 2147483647), "2147483647");
  expect_failed(started("", -2147483647 - 1), "unknown");
}

TEST_F(GuestTest, waiting_for_a_run_that_was_not_asked_for_ends_the_guest) {
  expect_failed(started("", DW_NEXT_RUN), "asked for none");
}

TEST_F(GuestTest, initialize_is_called_once_before_the_start) {
  Script script;
  script.extra =
      "(func (export \"_initialize\") (i32.store (i32.const 8) (i32.add (i32.const 1) (i32.load "
      "(i32.const 8)))))";
  const Value seen = script.expression("(i32.load (i32.const 8))");
  script.end_phase(DW_NEXT_CONTINUE);
  script.end_phase(DW_NEXT_IDLE);
  auto made = create(script.wat()).value();
  EXPECT_EQ(test::read_word(*made, 8), 0);
  ASSERT_TRUE(made->start());
  EXPECT_EQ(test::result_of(*made, seen), 1);
  ASSERT_TRUE(made->resume(Event::proceed));
  EXPECT_EQ(test::read_word(*made, 8), 1);
}

TEST_F(GuestTest, initialize_that_traps_ends_the_guest) {
  Script script;
  script.extra = "(func (export \"_initialize\") unreachable)";
  script.code("(i32.store (i32.const 8) (i32.const 1))");
  script.end_phase(DW_NEXT_IDLE);
  auto made = create(script.wat()).value();
  expect_failed(made->start(), "_initialize ended");
  EXPECT_EQ(test::read_word(*made, 8), 0);
  expect_failed(made->resume(Event::message), "failed before");
}

TEST_F(GuestTest, memory_that_begins_over_the_limit_is_refused) {
  services.limits.memory_bytes = 8 * 65536 - 1;
  Script script;
  script.end_phase(0);
  const auto refused = create(script.wat());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit);
  EXPECT_NE(refused.error().message().find("524288"), std::string::npos);
}

TEST_F(GuestTest, a_table_over_the_limit_is_refused) {
  Script script;
  script.extra = "(table 4000000000 funcref)";
  script.end_phase(0);
  const auto refused = create(script.wat());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit) << refused.error().message();
}

TEST_F(GuestTest, memory_may_begin_empty) {
  auto made = create(
      "(module (memory (export \"memory\") 0)"
      "(func (export \"driftwood_start\") (result i32) (memory.grow (i32.const 1)))"
      "(func (export \"driftwood_resume\") (param i32 i32) (result i32) (i32.const 0)))");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ((*made)->start(), Next::idle);
  EXPECT_EQ((*made)->region().committed_bytes(), 65536u);
}

TEST_F(GuestTest, growth_keeps_the_base_and_stops_at_the_limit) {
  services.limits.memory_bytes = 10 * 65536;
  Script script;
  const Value first = script.expression("(memory.grow (i32.const 2))");
  const Value over = script.expression("(memory.grow (i32.const 1))");
  const Value absurd = script.expression("(memory.grow (i32.const -1))");
  const Value size = script.expression("(memory.size)");
  script.code("(i32.store (i32.const 655356) (i32.const 42))");
  script.end_phase(0);
  auto made = create(script.wat()).value();
  const std::byte* base = made->region().base();
  ASSERT_TRUE(made->start());
  EXPECT_EQ(made->region().base(), base);
  EXPECT_EQ(test::result_of(*made, first), 8);
  EXPECT_EQ(test::result_of(*made, over), -1);
  EXPECT_EQ(test::result_of(*made, absurd), -1);
  EXPECT_EQ(test::result_of(*made, size), 10);
  EXPECT_EQ(made->region().committed_bytes(), 655360u);
  EXPECT_EQ(test::read_word(*made, 655356), 42);
}

TEST_F(GuestTest, accesses_past_the_committed_memory_trap) {
  const std::array<std::string, 6> accesses = {
      "(drop (i32.load8_u (i32.const 524288)))",  // the first byte after it
      "(drop (i32.load (i32.const 524285)))",     // across the end
      "(i32.store8 (i32.const 524288) (i32.const 1))",
      "(drop (i32.load8_u (i32.const -1)))",           // the last byte of the reservation
      "(drop (i32.load8_u offset=1 (i32.const -1)))",  // the first of the guard
      "(drop (i32.load8_u offset=0xffffffff (i32.const -1)))",
  };
  for (const std::string& access : accesses) {
    expect_failed(started(access), "out of bounds memory access");
  }
  EXPECT_TRUE(started("(drop (i32.load8_u (i32.const 524287)))"));
}

TEST_F(GuestTest, interrupt_stops_an_endless_loop) {
  Script script;
  script.code("(i32.store (i32.const 8) (i32.const 1)) (loop $l (br $l))");
  script.end_phase(0);
  auto made = create(script.wat()).value();
  std::thread stopper([&] {
    while (std::atomic_ref(*reinterpret_cast<std::int32_t*>(made->region().base() + 8)).load() ==
           0) {
      std::this_thread::yield();
    }
    made->interrupt();
  });
  const auto next = made->start();
  stopper.join();
  expect_failed(next, "interrupted");
}

TEST_F(GuestTest, interrupt_of_one_guest_leaves_others_alone) {
  Script script;
  script.code(
      "(loop $l (i32.store (i32.const 8) (i32.add (i32.const 1) (i32.load (i32.const 8))))"
      "(br_if $l (i32.lt_u (i32.load (i32.const 8)) (i32.const 1000))))");
  script.end_phase(0);
  auto one = create(script.wat()).value();
  auto other = create(script.wat()).value();
  one->interrupt();  // no call is in progress
  EXPECT_TRUE(other->start());
  EXPECT_TRUE(one->start());
}

TEST_F(GuestTest, a_call_that_never_ends_is_stopped_at_its_limit) {
  services.limits.call_ns = 30'000'000;
  Script script;
  script.code("(loop $l (br $l))");
  script.end_phase(0);
  auto made = create(script.wat()).value();
  expect_failed(made->start(), "it computed longer than one call of a guest may (30 ms)");
  expect_failed(made->resume(Event::message), "has failed before");
}

TEST_F(GuestTest, the_limit_of_a_call_holds_where_imports_are_called_without_end) {
  services.limits.call_ns = 30'000'000;
  Script script;
  script.call("abi_version", {});
  script.code("(loop $l (drop (call $abi_version)) (br $l))");
  script.end_phase(0);
  auto made = create(script.wat()).value();
  expect_failed(made->start(), "it computed longer");
}

TEST_F(GuestTest, initialize_that_never_ends_is_stopped) {
  services.limits.call_ns = 30'000'000;
  Script script;
  script.extra = R"((func (export "_initialize") (loop $l (br $l))))";
  script.end_phase(DW_NEXT_IDLE);
  expect_failed(create(script.wat()).value()->start(), "(30 ms)");
}

TEST_F(GuestTest, a_segment_outside_the_memory_ends_the_instantiation) {
  Script script;
  script.extra = "(data (i32.const 0x7ffffff0) \"beyond\")";
  script.end_phase(DW_NEXT_IDLE);
  const auto made = create(script.wat());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::guest_failed);
  EXPECT_EQ(made.error().message(),
            "The guest's instantiation ended: wasm trap: out of bounds memory access.");
}

TEST_F(GuestTest, short_calls_are_not_added_up) {
  services.limits.call_ns = 50'000'000;
  Script script;
  script.end_phase(DW_NEXT_CONTINUE);
  auto made = create(script.wat()).value();
  ASSERT_TRUE(made->start());
  const std::uint64_t begin_ns = os::thread_cpu_ns();
  while (os::thread_cpu_ns() - begin_ns < 120'000'000) ASSERT_TRUE(made->resume(Event::proceed));
}

TEST_F(GuestTest, the_watch_ends_a_call_with_its_own_code) {
  Script script;
  script.code("(loop $l (br $l))");
  script.end_phase(0);
  auto made = create(script.wat()).value();
  int asked = 0;
  made->set_watch([&]() -> Result<void> {
    if (++asked < 3) return {};
    return fail(ErrorCode::cancelled, "the owner wants no more of it");
  });
  const auto next = made->start();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), ErrorCode::cancelled);
  EXPECT_NE(next.error().message().find("the owner wants no more of it."), std::string::npos);
  EXPECT_EQ(asked, 3);
}

TEST_F(GuestTest, every_guest_has_a_memory_of_its_own) {
  Script script;
  script.end_phase(0);
  const auto module = test::compile(script.wat()).value();
  auto one = Guest::create(module, services).value();
  auto other = Guest::create(module, services).value();
  EXPECT_NE(one->region().base(), other->region().base());
}

}  // namespace
}  // namespace driftwood::guest
