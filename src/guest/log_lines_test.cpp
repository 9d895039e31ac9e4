#include "guest/log_lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace driftwood::guest {
namespace {

class LogLinesTest : public testing::Test {
 protected:
  LogLinesTest() {
    log::configure(log::Level::debug,
                   [this](log::Level, std::string_view line) { lines.emplace_back(line); });
  }
  ~LogLinesTest() override { log::configure(log::Level::warning, nullptr); }

  std::vector<std::string> lines;
  LogBudget budget{std::uint64_t{1} << 20};
  LogLines stream{log::Level::info, budget};
};

TEST_F(LogLinesTest, joins_pieces_and_cuts_at_newlines) {
  stream.append("a");
  stream.append("b\n\nc\nd");
  EXPECT_EQ(lines, (std::vector<std::string>{"guest: ab", "guest: ", "guest: c"}));
  stream.flush();
  stream.flush();
  EXPECT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines.back(), "guest: d");
}

TEST_F(LogLinesTest, cuts_a_line_that_never_ends) {
  stream.append(std::string(kMostLogLineBytes - 1, 'x'));
  EXPECT_TRUE(lines.empty());
  stream.append("xy");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].size(), kMostLogLineBytes + std::string_view("guest: ").size());
  stream.append(std::string(3 * kMostLogLineBytes, 'x'));
  EXPECT_EQ(lines.size(), 4u);
}

TEST_F(LogLinesTest, over_the_budget_one_warning_stands_for_the_rest) {
  LogBudget small(3 * LogBudget::kLineBytes + 2);
  EXPECT_TRUE(small.write(log::Level::info, "1"));
  EXPECT_TRUE(small.write(log::Level::info, ""));
  EXPECT_TRUE(small.write(log::Level::info, "3"));
  EXPECT_FALSE(small.write(log::Level::info, ""));
  EXPECT_FALSE(small.write(log::Level::info, ""));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[3],
            "The guest's next lines are left out: it may write 98 bytes for one message.");
  small.renew();
  EXPECT_TRUE(small.write(log::Level::info, "again"));
  EXPECT_EQ(lines.back(), "guest: again");
}

TEST_F(LogLinesTest, a_flood_of_empty_lines_is_cut_too) {
  stream.append(std::string(100'000, '\n'));
  EXPECT_EQ(lines.size(), budget.most_bytes() / LogBudget::kLineBytes + 1);
}

TEST(Printable, keeps_characters_beyond_ascii) {
  EXPECT_EQ(printable("\xc3\xa4\t\x1b\x7f"
                      "b"),
            "\xc3\xa4   b");
}

TEST(Printable, takes_out_the_controls_beyond_ascii) {
  EXPECT_EQ(printable("a\xc2\x80"
                      "b\xc2\x9b"
                      "c\xc2\xa0\xc2"),
            "a b c\xc2\xa0\xc2");
}

TEST(Printable, cuts_between_characters) {
  EXPECT_EQ(printable("abcd", 4), "abcd");
  EXPECT_EQ(printable("abcde", 4), "abcd...");
  EXPECT_EQ(printable("abc\xc3\xa4", 4), "abc...");
  EXPECT_EQ(printable("\xc3\xa4\xc3\xa4", 2), "\xc3\xa4...");
  EXPECT_EQ(printable("\x80\x80\x80", 2), "...");
}

}  // namespace
}  // namespace driftwood::guest
