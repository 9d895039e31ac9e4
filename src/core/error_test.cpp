#include "core/error.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace driftwood {
namespace {

Result<int> parse(int number) {
  if (number < 0) {
    return fail(ErrorCode::invalid_argument, "Number ({}) is below the limit ({}).", number, 0);
  }
  return number;
}

Result<void> check(int number) {
  DW_TRY(parse(number));
  return {};
}

Result<std::string> sum(int a, int b) {
  DW_TRY_ASSIGN(const int first, parse(a));  // two in one function do not collide
  int second = 0;
  DW_TRY_ASSIGN(second, parse(b));
  return std::to_string(first + second);
}

Result<std::unique_ptr<int>> box(int number) {
  DW_TRY_ASSIGN(auto inner, parse(number));
  return std::make_unique<int>(inner);
}

Result<int> unbox(int number) {
  DW_TRY_ASSIGN(const std::unique_ptr<int> boxed, box(number));  // moved, not copied
  return *boxed;
}

TEST(ErrorCodeName, is_its_own_for_every_code) {
  std::set<std::string_view> names;
  const int last = static_cast<int>(ErrorCode::guest_failed);
  for (int i = 0; i <= last; ++i) names.insert(name(static_cast<ErrorCode>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last) + 1);
  EXPECT_EQ(name(ErrorCode::invalid_argument), "invalid_argument");
  EXPECT_EQ(name(ErrorCode::guest_failed), "guest_failed");
}

TEST(ErrorCodeNameDeathTest, of_a_code_that_does_not_exist_is_a_fault_of_the_host) {
  EXPECT_DEATH((void)name(static_cast<ErrorCode>(99)), "does not hold");
}

TEST(Fail, carries_code_value_and_limit) {
  const auto failed = parse(-3);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(failed.error().message(), "Number (-3) is below the limit (0).");
}

TEST(Context, opens_the_message_and_keeps_the_code) {
  const Error error =
      parse(-3).error().with_context("While reading x").with_context("While opening y");
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error.message(),
            "While opening y: While reading x: Number (-3) is below the limit (0).");
}

TEST(PassOn, changes_the_value_type_and_nothing_else) {
  const Result<std::string> failed = pass_on(parse(-3));
  EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(failed.error().message(), "Number (-3) is below the limit (0).");
}

TEST(PassOn, may_add_context) {
  const Result<std::string> failed = pass_on(parse(-3), "While thawing");
  EXPECT_EQ(failed.error().message(), "While thawing: Number (-3) is below the limit (0).");
}

TEST(Try, returns_the_error_and_passes_success) {
  EXPECT_TRUE(check(1));
  ASSERT_FALSE(check(-1));
  EXPECT_EQ(check(-1).error().message(), "Number (-1) is below the limit (0).");
}

TEST(Try, evaluates_its_expression_once) {
  int evaluated = 0;
  const auto once = [&]() -> Result<void> {
    DW_TRY((++evaluated, parse(1)));
    return {};
  };
  EXPECT_TRUE(once());
  EXPECT_EQ(evaluated, 1);
}

TEST(TryAssign, declares_and_assigns) {
  EXPECT_EQ(sum(2, 3).value(), "5");
}

TEST(TryAssign, returns_the_first_error) {
  EXPECT_EQ(sum(-2, -3).error().message(), "Number (-2) is below the limit (0).");
  EXPECT_EQ(sum(2, -3).error().message(), "Number (-3) is below the limit (0).");
}

TEST(TryAssign, moves_values_that_cannot_be_copied) {
  EXPECT_EQ(unbox(4).value(), 4);
  EXPECT_FALSE(unbox(-4));
}

}  // namespace
}  // namespace driftwood
