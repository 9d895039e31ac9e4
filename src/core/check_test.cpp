#include "core/check.h"

#include <gtest/gtest.h>

namespace driftwood {
namespace {

TEST(Check, that_holds_evaluates_once_and_goes_on) {
  int evaluated = 0;
  DW_CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, that_does_not_hold_ends_the_process_with_place_and_condition) {
  EXPECT_DEATH(DW_CHECK(1 + 1 == 3), "check_test.cpp:[0-9]+: 1 \\+ 1 == 3 does not hold");
}

TEST(CheckDeathTest, is_one_statement_in_an_if_without_braces) {
  const auto choose = [](bool first) {
    if (first)
      DW_CHECK(true);
    else
      DW_CHECK(false);
  };
  choose(true);
  EXPECT_DEATH(choose(false), "false does not hold");
}

}  // namespace
}  // namespace driftwood
