// Actors through the public headers alone; what else is included writes the guests.
#include <driftwood/runtime.h>
#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <thread>

#include "driftwood_program.hpp"
#include "guest/test_support.h"

namespace driftwood {
namespace {

using guest::test::Script;
using guest::test::Value;

constexpr std::uint32_t kData = Script::kFree, kProgram = 8192;

const Runtime& runtime() {
  static const Runtime kRuntime =
      Runtime::create({.device = "cpu", .thread_count = 1, .isa = ""}).value();
  return kRuntime;
}

Result<Actor> spawn(const Script& script, const ActorLimits& limits = {}) {
  auto guest = runtime().compile_guest(guest::test::wasm_of(script.wat()));
  if (!guest) return std::unexpected(guest.error());
  return runtime().spawn(*guest, std::nullopt,
                         {.context_rows = {}, .kv_dtype = "", .limits = limits});
}

class ActorLimitsTest : public testing::Test {
 protected:
  // What a step of the script gives to a guest of these limits when it starts.
  std::int32_t result_of(Value step, const ActorLimits& limits) {
    Script whole = script;
    whole.call("output_write", {Script::address(step), 4});
    whole.end_phase(DW_NEXT_IDLE);
    auto actor = spawn(whole, limits);
    EXPECT_TRUE(actor) << actor.error().message();
    std::int32_t result = 0;
    const auto status = actor->run([&](std::string_view record) {
      if (record.size() == 4) std::memcpy(&result, record.data(), 4);
    });
    EXPECT_TRUE(status) << status.error().message();
    return result;
  }

  Script script;
};

TEST_F(ActorLimitsTest, bound_the_memory) {
  const Value grown = script.expression("(memory.grow (i32.const 1))");  // the first 8 pages more
  EXPECT_EQ(result_of(grown, {.memory_bytes = 9 * 65536}), 8);
  EXPECT_EQ(result_of(grown, {.memory_bytes = 8 * 65536}), -1);
  script.end_phase(DW_NEXT_IDLE);
  const auto refused = spawn(script, {.memory_bytes = 8 * 65536 - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit);
}

TEST_F(ActorLimitsTest, bound_the_devices_memory) {
  script.words(kData, {DW_F32, 1, 64, 0, 0, 0});
  const Value made = script.call("state_register", {kData});  // 512 bytes: two values
  EXPECT_EQ(result_of(made, {.device_bytes = 512}), 1);
  EXPECT_EQ(result_of(made, {.device_bytes = 511}), DW_E_LIMIT);
}

TEST_F(ActorLimitsTest, bound_the_programs) {
  sdk::Program program;
  const sdk::Tensor x = program.window(sdk::DType::f32, {16});
  program.add(x, x, program.window(sdk::DType::f32, {16}));
  const auto encoded = program.encode();
  script.data(kProgram, encoded.data(), encoded.size());
  const Value made =
      script.call("graph_compile", {0, kProgram, static_cast<std::int64_t>(encoded.size())});
  EXPECT_EQ(result_of(made, {.program_bytes = encoded.size()}), 1);
  EXPECT_EQ(result_of(made, {.program_bytes = encoded.size() - 1}), DW_E_LIMIT);
}

TEST_F(ActorLimitsTest, bound_the_handles) {
  script.words(kData, {DW_F32, 1, 1, 8, 100});
  script.call("state_append", {kData});
  const Value second = script.call("state_append", {kData});
  EXPECT_EQ(result_of(second, {.handle_count = 2}), 2);
  EXPECT_EQ(result_of(second, {.handle_count = 1}), DW_E_LIMIT);
}

TEST_F(ActorLimitsTest, bound_one_record) {
  const Value written = script.call("output_write", {kData, 100});
  EXPECT_EQ(result_of(written, {.record_bytes = 100}), 0);
  EXPECT_EQ(result_of(written, {.record_bytes = 99}), DW_E_LIMIT);
}

TEST_F(ActorLimitsTest, bound_the_records_of_a_call) {
  script.call("output_write", {kData, 100});
  const Value written = script.call("output_write", {kData, 100});
  EXPECT_EQ(result_of(written, {.output_bytes = 204}), 0);
  EXPECT_EQ(result_of(written, {.output_bytes = 199}), DW_E_LIMIT);
}

TEST_F(ActorLimitsTest, bound_the_log) {
  script.data(kData, std::string(100, 'x'));
  const Value logged = script.call("log", {DW_LOG_DEBUG, kData, 100});
  EXPECT_EQ(result_of(logged, {.log_bytes = 132}), 0);
  EXPECT_EQ(result_of(logged, {.log_bytes = 131}), DW_E_LIMIT);
}

TEST_F(ActorLimitsTest, bound_the_time_of_a_call) {
  script.code("(loop $l (br $l))");
  script.end_phase(DW_NEXT_IDLE);
  auto actor = spawn(script, {.call_ns = 20'000'000}).value();
  const auto status = actor.run({});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::guest_failed);
  EXPECT_NE(status.error().message().find("(20 ms)"), std::string::npos)
      << status.error().message();
}

TEST(ActorOptionsTest, that_name_no_kv_dtype_are_refused) {
  Script script;
  script.end_phase(DW_NEXT_IDLE);
  const auto guest = runtime().compile_guest(guest::test::wasm_of(script.wat())).value();
  ActorOptions options;
  for (const char* kv_dtype : {"\xff", "f32\xc3", "i8", "F32", " ", "bf16 "}) {
    options.kv_dtype = kv_dtype;
    for (const auto& actor : {runtime().spawn(guest, std::nullopt, options).error(),
                              runtime().spawn_native({}, std::nullopt, options).error()}) {
      EXPECT_EQ(actor.code(), ErrorCode::invalid_argument) << actor.message();
    }
  }
  options.kv_dtype = "\xff";
  EXPECT_EQ(runtime().spawn(guest, std::nullopt, options).error().message(),
            "KV dtype \"\\ufffd\" is none of \"f32\", \"bf16\" and \"f16\".");
  for (const char* kv_dtype : {"", "f32", "bf16", "f16"}) {
    options.kv_dtype = kv_dtype;
    EXPECT_TRUE(runtime().spawn(guest, std::nullopt, options));
  }
}

// A guest that says that it is at work on its message, which another thread then cancels.
class ActorCancel : public testing::Test {
 protected:
  ActorCancel() { script.end_phase(DW_NEXT_IDLE); }

  Result<ActorStatus> run_and_cancel(Actor& actor) {
    actor.send("work");
    std::promise<void> at_work;
    std::thread owner([&] {
      at_work.get_future().wait();
      actor.cancel();
    });
    auto status = actor.run([&](std::string_view record) {
      if (records.empty()) at_work.set_value();
      records.emplace_back(record);
    });
    owner.join();
    return status;
  }

  Script script;
  std::vector<std::string> records;
};

TEST_F(ActorCancel, from_another_thread_is_heard_by_the_guest) {
  script.call("output_write", {kData, 4});
  script.end_phase(DW_NEXT_CONTINUE);
  // Again and again, until the event is the cancellation.
  script.code(
      fmt::format("(if (i32.ne (local.get $event) (i32.const {})) (then "
                  "(global.set $phase (i32.const 1)) (return (i32.const {}))))",
                  static_cast<int>(DW_EVENT_CANCEL), static_cast<int>(DW_NEXT_CONTINUE)));
  script.call("output_write", {Script::kEvent, 4});
  script.end_phase(DW_NEXT_IDLE);
  auto actor = spawn(script).value();
  const auto status = run_and_cancel(actor);
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(*status, ActorStatus::idle);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1], std::string("\x03\0\0\0", 4));
}

TEST_F(ActorCancel, from_another_thread_ends_a_guest_that_does_not_hear) {
  script.call("output_write", {kData, 4});
  script.code("(loop $l (br $l))");
  script.end_phase(DW_NEXT_IDLE);
  auto actor = spawn(script).value();
  const auto status = run_and_cancel(actor);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::cancelled);
  const auto again = actor.run({});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message(), status.error().message());
}

}  // namespace
}  // namespace driftwood
