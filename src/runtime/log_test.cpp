#include <driftwood/log.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/log.h"

namespace driftwood {
namespace {

class LogCallbackTest : public testing::Test {
 protected:
  ~LogCallbackTest() override { set_log_callback(LogLevel::warning, nullptr); }

  void keep_lines(LogLevel least) {
    set_log_callback(
        least, [this](LogLevel level, std::string_view line) { lines.emplace_back(level, line); });
  }

  std::vector<std::pair<LogLevel, std::string>> lines;
};

TEST_F(LogCallbackTest, gets_each_line_from_its_level_on) {
  keep_lines(LogLevel::info);
  log::write(log::Level::debug, "debug");
  log::info("info {}", 1);
  log::warning("warning {}", 2);
  log::write(log::Level::error, "error");
  EXPECT_EQ(lines, (std::vector<std::pair<LogLevel, std::string>>{{LogLevel::info, "info 1"},
                                                                  {LogLevel::warning, "warning 2"},
                                                                  {LogLevel::error, "error"}}));
}

TEST_F(LogCallbackTest, replaces_the_one_before) {
  keep_lines(LogLevel::debug);
  std::string last;
  set_log_callback(LogLevel::debug, [&](LogLevel, std::string_view line) { last = line; });
  log::info("line");
  EXPECT_TRUE(lines.empty());
  EXPECT_EQ(last, "line");
}

TEST_F(LogCallbackTest, of_nothing_writes_to_standard_error_again) {
  keep_lines(LogLevel::debug);
  set_log_callback(LogLevel::warning, nullptr);
  testing::internal::CaptureStderr();
  log::info("not this");
  log::warning("this line");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(lines.empty());
  EXPECT_NE(written.find("this line"), std::string::npos) << written;
  EXPECT_EQ(written.find("not this"), std::string::npos) << written;
}

}  // namespace
}  // namespace driftwood
