#include "runtime/statistics.h"

#include <gtest/gtest.h>

#include <numeric>

namespace driftwood {
namespace {

std::vector<double> numbers(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.rbegin(), values.rend(), 0.0);
  return values;
}

TEST(Statistics, median_and_quartiles_do_not_depend_on_the_order) {
  const Spread spread = spread_of(numbers(101));
  EXPECT_EQ(spread.median, 50);
  EXPECT_EQ(spread.lower, 25);
  EXPECT_EQ(spread.upper, 75);
  EXPECT_EQ(spread.count, 101u);
  EXPECT_EQ(median({7}), 7);
}

TEST(Statistics, between_two_values_the_median_lies_in_the_middle) {
  const Spread spread = spread_of({8, 1, 2, 4});
  EXPECT_EQ(spread.median, 3);
  EXPECT_EQ(spread.lower, 1.75);
  EXPECT_EQ(spread.upper, 5);
}

// Conover's table for n = 100 gives ranks 40 and 61, as counted from 1.
TEST(Statistics, the_interval_of_a_median_lies_between_two_ranks) {
  const Interval interval = interval_of_median(numbers(100));
  EXPECT_NEAR(interval.low, 39, 1);
  EXPECT_NEAR(interval.high, 60, 1);
  EXPECT_LT(interval_of_median(numbers(10000)).high - interval_of_median(numbers(10000)).low, 200);
  EXPECT_EQ(interval_of_median({3}).low, 3);
  EXPECT_EQ(interval_of_median({3}).high, 3);
}

}  // namespace
}  // namespace driftwood
