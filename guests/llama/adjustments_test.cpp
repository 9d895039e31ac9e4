#include "llama/adjustments.h"

#include <gtest/gtest.h>

#include <limits>

namespace driftwood::guests::llama {
namespace {

TEST(Adjustments, none_change_nothing) {
  Adjustments none;
  none.see(3);
  EXPECT_TRUE(none.ids().empty());
  EXPECT_FALSE(none.contains(3));
  EXPECT_EQ(none.adjusted(3, 1.5f), 1.5f);
}

TEST(Adjustments, the_penalty_divides_above_zero_and_multiplies_below) {
  Adjustments adjustments(10, {}, 2);
  EXPECT_EQ(adjustments.adjusted(4, 3), 3);
  adjustments.see(4);
  EXPECT_EQ(adjustments.adjusted(4, 3), 1.5f);
  EXPECT_EQ(adjustments.adjusted(4, -3), -6);
  EXPECT_EQ(adjustments.adjusted(4, 0), 0);
  EXPECT_EQ(adjustments.adjusted(5, 3), 3);
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(adjustments.adjusted(4, -infinity), -infinity);
}

TEST(Adjustments, the_bias_comes_before_the_penalty) {
  Adjustments adjustments(10, {{4, -5.0}}, 2);
  EXPECT_EQ(adjustments.adjusted(4, 3), -2);
  adjustments.see(4);
  EXPECT_EQ(adjustments.adjusted(4, 3), -4);
}

TEST(Adjustments, an_id_counts_once_however_often_it_was_seen) {
  Adjustments adjustments(10, {{4, 1.0}}, 1.5);
  for (int i = 0; i < 3; ++i) {
    adjustments.see(4);
    adjustments.see(9);
  }
  EXPECT_EQ(adjustments.ids().size(), 2u);
  EXPECT_TRUE(adjustments.contains(4));
  EXPECT_TRUE(adjustments.contains(9));
  EXPECT_FALSE(adjustments.contains(5));
}

TEST(Adjustments, a_penalty_of_one_is_none) {
  Adjustments adjustments(10, {}, 1);
  adjustments.see(4);
  EXPECT_TRUE(adjustments.ids().empty());
}

TEST(Adjustments, only_a_positive_bias_or_a_penalty_below_one_raises) {
  Adjustments above(10, {{1, 1.0}, {2, -1.0}}, 2), below(10, {}, 0.5);
  for (int id : {1, 2, 3}) {
    above.see(id);
    below.see(id);
  }
  EXPECT_TRUE(above.may_raise(1));
  EXPECT_FALSE(above.may_raise(2));
  EXPECT_FALSE(above.may_raise(3));
  EXPECT_TRUE(below.may_raise(3));
  EXPECT_FALSE(below.may_raise(4));
}

}  // namespace
}  // namespace driftwood::guests::llama
