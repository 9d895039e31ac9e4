#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(4)}), temporary({kRows, c(4)})}, {temporary({kRows, c(4)})}};
}

// Its rule is add's, and add_test.cpp goes through it.
TEST(Multiply, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kMultiply, valid()), "");
  Use row = valid();
  row.inputs[1] = weight({c(4)}, DType::f16);
  EXPECT_EQ(verdict(kMultiply, row), "");
}

TEST(Multiply, refuses_another_shape) {
  Use use = valid();
  use.inputs[1] = temporary({kRows, c(1)});
  EXPECT_EQ(verdict(kMultiply, use), "input 1 has shape [T0, 1]; [T0, 4] is expected.");
}

TEST(Multiply, multiplies_by_elements_or_by_a_row) {
  Call each, row;
  each.input({2, 2}, {1, 2, 3, 4}).input({2, 2}, {10, 20, 30, -4}).output({2, 2});
  ASSERT_TRUE(each.run(kMultiply));
  EXPECT_EQ(each.floats(), (Floats{10, 40, 90, -16}));
  row.input({2, 2}, {1, 2, 3, 4}).input({2}, {10, 0.5}, DType::bf16).output({2, 2});
  ASSERT_TRUE(row.run(kMultiply));
  EXPECT_EQ(row.floats(), (Floats{10, 1, 30, 2}));
}

}  // namespace
}  // namespace driftwood::ops::testing
