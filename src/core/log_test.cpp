#include "core/log.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace driftwood::log {
namespace {

// Collects what reaches the sink and restores the default afterwards.
class Log : public testing::Test {
 protected:
  ~Log() override { configure(Level::warning, nullptr); }

  void collect_from(Level least) {
    configure(least, [this](Level level, std::string_view line) {
      lines_.emplace_back(level, std::string(line));
    });
  }

  std::vector<std::pair<Level, std::string>> lines_;
};

TEST_F(Log, gives_the_sink_the_level_and_the_formatted_line) {
  collect_from(Level::debug);
  info("{} of {}", 3, "four");
  warning("plain");
  const std::vector<std::pair<Level, std::string>> expected = {{Level::info, "3 of four"},
                                                               {Level::warning, "plain"}};
  EXPECT_EQ(lines_, expected);
}

TEST_F(Log, keeps_lines_below_the_level_from_the_sink) {
  collect_from(Level::warning);
  write(Level::debug, "no");
  write(Level::info, "no");
  info("no");
  write(Level::warning, "yes");
  write(Level::error, "yes");
  EXPECT_EQ(lines_.size(), 2u);
}

TEST_F(Log, says_which_levels_are_written) {
  configure(Level::error, nullptr);
  EXPECT_FALSE(enabled(Level::debug));
  EXPECT_FALSE(enabled(Level::warning));
  EXPECT_TRUE(enabled(Level::error));
  configure(Level::debug, nullptr);
  EXPECT_TRUE(enabled(Level::debug));
}

TEST_F(Log, writes_warnings_to_standard_error_by_default) {
  configure(Level::warning, nullptr);
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  info("quiet");
  warning("loud");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "driftwood: loud\n");
}

TEST_F(Log, null_sink_lets_go_of_the_former_one) {
  collect_from(Level::debug);
  configure(Level::error, nullptr);
  warning("not seen");
  EXPECT_TRUE(lines_.empty());
}

TEST_F(Log, sink_is_called_by_one_thread_at_a_time) {
  collect_from(Level::info);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int line = 0; line < 250; ++line) info("line {}", line);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines_.size(), 1000u);
}

}  // namespace
}  // namespace driftwood::log
