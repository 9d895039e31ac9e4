#include <gtest/gtest.h>

#include "core/log.h"
#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

using test::result_of;
using test::Script;
using test::Value;

constexpr const char* kWasi = "wasi_snapshot_preview1";
constexpr std::uint32_t kEnd = 8 * 65536;
constexpr int kBadDescriptor = 8, kFault = 21, kInvalid = 28, kNoMemory = 48, kNotSupported = 52;

// What reaches the log, as "level text".
class Logged : public test::HostedGuest {
 protected:
  Logged() {
    log::configure(log::Level::debug, [this](log::Level level, std::string_view line) {
      lines.push_back(fmt::format("{} {}", static_cast<int>(level), line));
    });
  }
  ~Logged() override { log::configure(log::Level::warning, nullptr); }

  std::vector<std::string> lines;
  Script script;
};

class Wasi : public Logged {};
class AbiText : public Logged {};

TEST_F(Wasi, standard_output_and_error_reach_the_log_by_lines) {
  script.data(Script::kFree, "one\ntwo");
  script.words(Script::kFree + 64, {Script::kFree, 4, Script::kFree + 4, 3});
  const Value out =
      script.call_of(kWasi, "fd_write", {1, Script::kFree + 64, 2, Script::kFree + 128});
  const Value error =
      script.call_of(kWasi, "fd_write", {2, Script::kFree + 64, 1, Script::kFree + 132});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, out), 0);
  EXPECT_EQ(result_of(*guest, error), 0);
  EXPECT_EQ(test::read_word(*guest, Script::kFree + 128), 7);
  EXPECT_EQ(test::read_word(*guest, Script::kFree + 132), 4);
  EXPECT_EQ(lines, (std::vector<std::string>{"1 guest: one", "2 guest: one"}));
  guest.reset();
  EXPECT_EQ(lines.back(), "1 guest: two");
}

TEST_F(Wasi, fd_write_refuses_what_lies_outside_the_memory) {
  script.words(Script::kFree, {kEnd - 1, 2});
  script.words(kEnd - 8, {0, 0});
  const std::vector<Value> steps = {
      script.call_of(kWasi, "fd_write", {1, Script::kFree, 1, 64}),
      script.call_of(kWasi, "fd_write", {1, kEnd - 7, 1, 64}),
      script.call_of(kWasi, "fd_write", {1, kEnd - 1024 * 8 + 1, 1024, 64}),
      script.call_of(kWasi, "fd_write", {1, kEnd - 8, 1, kEnd - 3}),
  };
  const Value other = script.call_of(kWasi, "fd_write", {3, kEnd - 8, 1, 64});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, other), kBadDescriptor);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), kFault) << step.number;
}

TEST_F(Wasi, fd_write_refuses_more_vectors_than_the_limit) {
  const std::vector<Value> steps = {
      script.call_of(kWasi, "fd_write", {1, 0, 1025, 64}),
      script.call_of(kWasi, "fd_write", {1, 0, 0x20000000, 64}),  // 2^32 bytes
      script.call_of(kWasi, "fd_write", {1, 0, -1, 64}),
  };
  auto guest = start(script);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), kInvalid) << step.number;
}

TEST_F(Wasi, fd_write_takes_at_most_64_kib_and_tells_how_much) {
  script.code("(memory.fill (i32.const 65536) (i32.const 120) (i32.const 262144))");
  script.words(Script::kFree, {65536, 40000, 65536, 40000, kEnd, 1});  // the last is not reached
  script.words(Script::kFree + 64, {65536, 262144});
  const Value several = script.call_of(kWasi, "fd_write", {1, Script::kFree, 3, 0});
  const Value one = script.call_of(kWasi, "fd_write", {2, Script::kFree + 64, 1, 4});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, several), 0);
  EXPECT_EQ(result_of(*guest, one), 0);
  EXPECT_EQ(test::read_word(*guest, 0), 65536);
  EXPECT_EQ(test::read_word(*guest, 4), 65536);
  EXPECT_EQ(lines.size(), 2u);
}

TEST_F(Wasi, exceptions_of_the_host_become_an_error_number_or_a_trap) {
  script.data(Script::kFree, "one\n");
  script.words(Script::kFree + 64, {Script::kFree, 4});
  const Value write =
      script.call_of(kWasi, "fd_write", {1, Script::kFree + 64, 1, Script::kFree + 128});
  script.end_phase(DW_NEXT_IDLE);
  log::configure(log::Level::debug, [](log::Level, std::string_view) { throw std::bad_alloc(); });
  auto starved = create(script.wat()).value();
  EXPECT_TRUE(starved->start());
  EXPECT_EQ(result_of(*starved, write), kNoMemory);
  log::configure(log::Level::debug,
                 [](log::Level, std::string_view) { throw std::runtime_error("no log"); });
  auto failed = create(script.wat()).value();
  const auto next = failed->start();
  log::configure(log::Level::warning, nullptr);  // guests write their last lines when they go
  ASSERT_FALSE(next);
  EXPECT_TRUE(next.error().message().ends_with("an import failed inside the host: no log."))
      << next.error().message();
}

TEST_F(Wasi, exit_is_a_trap) {
  script.extra = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))";
  std::swap(script.extra, script.memory);  // imports come first
  script.memory += "(memory (export \"memory\") 8)";
  script.extra.clear();
  script.code("(call $exit (i32.const 3))");
  script.end_phase(0);
  auto guest = create(script.wat()).value();
  const auto next = guest->start();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), ErrorCode::guest_failed);
  EXPECT_NE(next.error().message().find("it called proc_exit(3)"), std::string::npos)
      << next.error().message();
}

TEST_F(Wasi, there_are_no_arguments_files_clocks_or_random_bits) {
  script.words(Script::kFree, {9, 9});
  const Value arguments =
      script.call_of(kWasi, "args_sizes_get", {Script::kFree, Script::kFree + 4});
  const Value folder = script.call_of(kWasi, "fd_prestat_get", {3, Script::kFree + 8});
  const Value random = script.call_of(kWasi, "random_get", {Script::kFree + 8, 4});
  const Value outside = script.call_of(kWasi, "environ_sizes_get", {kEnd - 3, 0});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, arguments), 0);
  EXPECT_EQ(test::read_word(*guest, Script::kFree), 0);
  EXPECT_EQ(test::read_word(*guest, Script::kFree + 4), 0);
  EXPECT_EQ(result_of(*guest, folder), kBadDescriptor);
  EXPECT_EQ(result_of(*guest, random), kNotSupported);
  EXPECT_EQ(result_of(*guest, outside), kFault);
}

TEST_F(Wasi, standard_output_looks_like_a_terminal) {
  const Value status = script.call_of(kWasi, "fd_fdstat_get", {1, Script::kFree});
  const Value other = script.call_of(kWasi, "fd_fdstat_get", {0, Script::kFree});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, status), 0);
  EXPECT_EQ(test::read_text(*guest, Script::kFree, 1), "\x02");
  EXPECT_EQ(result_of(*guest, other), kBadDescriptor);
}

TEST_F(AbiText, log_writes_one_line_without_control_characters) {
  script.data(Script::kFree, "a\x1b[31m\nb\x7f");
  script.call("log", {DW_LOG_DEBUG, Script::kFree, 9});
  script.call("log", {DW_LOG_ERROR, Script::kFree, 1});
  auto guest = start(script);
  EXPECT_EQ(lines, (std::vector<std::string>{"0 guest: a [31m b ", "3 guest: a"}));
}

TEST_F(AbiText, log_refuses_unknown_levels_long_lines_and_bytes_outside) {
  const Value level = script.call("log", {4, 0, 1});
  const Value negative = script.call("log", {-1, 0, 1});
  const Value longer = script.call("log", {1, 0, 65537});
  const Value outside = script.call("log", {1, kEnd, 1});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, level), DW_E_INVALID);
  EXPECT_EQ(result_of(*guest, negative), DW_E_INVALID);
  EXPECT_EQ(result_of(*guest, longer), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, outside), DW_E_INVALID);
  EXPECT_TRUE(lines.empty());
}

TEST_F(AbiText, a_flood_of_the_log_is_cut_until_the_next_message) {
  services.limits.log_bytes = 100;
  script.data(Script::kFree, "012345678901234567890123456789");
  std::vector<Value> said;
  for (int i = 0; i < 4; ++i) said.push_back(script.call("log", {1, Script::kFree, 30}));
  script.end_phase(DW_NEXT_IDLE);
  const Value again = script.call("log", {1, Script::kFree, 30});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, said[0]), 0);
  EXPECT_EQ(result_of(*guest, said[1]), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, said[3]), DW_E_LIMIT);
  EXPECT_EQ(lines.size(), 2u);
  guest->set_message("next");
  ASSERT_TRUE(guest->resume(Event::message));
  EXPECT_EQ(result_of(*guest, again), 0);
}

TEST_F(AbiText, error_text_is_that_of_the_last_failure) {
  const Value none = script.call("error_text", {0, 0});
  script.call("release", {7});
  script.call("abi_version", {});
  const Value size = script.call("error_text", {Script::kFree, 8});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, none), 0);
  EXPECT_EQ(result_of(*guest, size), 39);
  EXPECT_EQ(test::read_text(*guest, Script::kFree, 9), std::string("Handle 7\0", 9));
}

}  // namespace
}  // namespace driftwood::guest
