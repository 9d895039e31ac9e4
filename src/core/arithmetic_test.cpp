#include "core/arithmetic.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <limits>

namespace driftwood {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::int32_t kLeastSigned = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kMostSigned = std::numeric_limits<std::int32_t>::max();

TEST(CheckedAdd, gives_sums_up_to_the_largest_number) {
  EXPECT_EQ(checked_add<std::uint64_t>(2, 3), 5u);
  EXPECT_EQ(checked_add<std::uint64_t>(kMost - 1, 1), kMost);
  EXPECT_EQ(checked_add<std::uint64_t>(kMost, 0), kMost);
  EXPECT_EQ(checked_add(kLeastSigned, kMostSigned), -1);
}

TEST(CheckedAdd, gives_nothing_for_a_sum_that_does_not_fit) {
  EXPECT_EQ(checked_add<std::uint64_t>(kMost, 1), std::nullopt);
  EXPECT_EQ(checked_add<std::uint64_t>(kMost, kMost), std::nullopt);
  EXPECT_EQ(checked_add<std::uint32_t>(0x8000'0000, 0x8000'0000), std::nullopt);
  EXPECT_EQ(checked_add<std::uint8_t>(200, 56), std::nullopt);  // would fit into the promoted int
  EXPECT_EQ(checked_add(kMostSigned, 1), std::nullopt);
  EXPECT_EQ(checked_add(kLeastSigned, -1), std::nullopt);
}

TEST(CheckedMultiply, gives_products_up_to_the_largest_number) {
  EXPECT_EQ(checked_multiply<std::uint64_t>(6, 7), 42u);
  EXPECT_EQ(checked_multiply<std::uint64_t>(kMost, 1), kMost);
  EXPECT_EQ(checked_multiply<std::uint64_t>(kMost, 0), 0u);
  EXPECT_EQ(checked_multiply<std::uint32_t>(0xFFFF, 0x10001), 0xFFFF'FFFFu);
}

TEST(CheckedMultiply, gives_nothing_for_a_product_that_does_not_fit) {
  EXPECT_EQ(checked_multiply<std::uint64_t>(kMost, 2), std::nullopt);
  EXPECT_EQ(checked_multiply<std::uint64_t>(kMost, kMost), std::nullopt);
  EXPECT_EQ(checked_multiply<std::uint32_t>(0x1'0000, 0x1'0000), std::nullopt);
  EXPECT_EQ(checked_multiply(kLeastSigned, -1), std::nullopt);
}

TEST(RangeFits, inside_and_up_to_the_limit) {
  EXPECT_TRUE(range_fits(0, 0, 0));
  EXPECT_TRUE(range_fits(0, 10, 10));
  EXPECT_TRUE(range_fits(9, 1, 10));
  EXPECT_TRUE(range_fits(10, 0, 10));
  EXPECT_TRUE(range_fits(kMost, 0, kMost));
}

TEST(RangeFits, not_past_the_limit_nor_by_wrapping_round) {
  EXPECT_FALSE(range_fits(0, 11, 10));
  EXPECT_FALSE(range_fits(10, 1, 10));
  EXPECT_FALSE(range_fits(11, 0, 10));
  EXPECT_FALSE(range_fits(0, 1, 0));
  EXPECT_FALSE(range_fits(5, kMost, 10));
  EXPECT_FALSE(range_fits(kMost, 5, 10));
  EXPECT_FALSE(range_fits(kMost, kMost, kMost));
}

TEST(RoundUp, gives_the_least_multiple_that_is_enough) {
  EXPECT_EQ(round_up(0, 64), 0u);
  EXPECT_EQ(round_up(1, 64), 64u);
  EXPECT_EQ(round_up(64, 64), 64u);
  EXPECT_EQ(round_up(65, 64), 128u);
  EXPECT_EQ(round_up(10, 3), 12u);
  EXPECT_EQ(round_up(kMost - 63, 64), kMost - 63);
}

}  // namespace
}  // namespace driftwood
