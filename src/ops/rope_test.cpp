#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(2), c(6)}), temporary({kRows}, DType::i32), temporary({c(2)})},
          {temporary({kRows, c(2), c(6)})},
          {{AttributeId::pairing, std::int64_t{1}}}};
}

TEST(Rope, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kRope, valid()), "");
  Use whole = valid();
  whole.inputs[2] = temporary({c(3)});
  EXPECT_EQ(verdict(kRope, whole), "");
}

TEST(Rope, refuses_a_missing_input) {
  Use use = valid();
  use.inputs.pop_back();
  EXPECT_EQ(verdict(kRope, use), "There are 2 inputs and 1 outputs; 3 and 1 are expected.");
}

TEST(Rope, refuses_a_missing_pairing) {
  Use use = valid();
  use.attributes.clear();
  EXPECT_EQ(verdict(kRope, use), "Attribute pairing is missing.");
}

TEST(Rope, refuses_a_pairing_that_is_no_integer) {
  Use use = valid();
  use.attributes = {{AttributeId::pairing, 1.0}};
  EXPECT_EQ(verdict(kRope, use), "Attribute pairing is a number; an integer is expected.");
}

TEST(Rope, refuses_an_unknown_pairing) {
  Use use = valid();
  use.attributes = {{AttributeId::pairing, std::int64_t{2}}};
  EXPECT_EQ(verdict(kRope, use), "Attribute pairing (2) is neither 0 nor 1.");
}

TEST(Rope, refuses_a_negative_pairing) {
  Use use = valid();
  use.attributes = {{AttributeId::pairing, std::int64_t{-1}}};
  EXPECT_EQ(verdict(kRope, use), "Attribute pairing (-1) is neither 0 nor 1.");
}

TEST(Rope, refuses_other_attributes) {
  Use use = valid();
  use.attributes.push_back({AttributeId::scale, 1.0});
  EXPECT_EQ(verdict(kRope, use), "Attribute scale is not one that this op takes.");
}

TEST(Rope, refuses_rows_without_heads) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(12)});
  EXPECT_EQ(verdict(kRope, use), "input 0 has shape [T0, 12]; 3 dimensions are expected.");
}

TEST(Rope, refuses_symbolic_heads) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, kOtherRows, c(6)});
  EXPECT_EQ(verdict(kRope, use), "input 0 has shape [T0, T1, 6]; dimension 1 has to be constant.");
}

TEST(Rope, refuses_a_symbolic_width) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(2), kOtherRows});
  EXPECT_EQ(verdict(kRope, use), "input 0 has shape [T0, 2, T1]; dimension 2 has to be constant.");
}

TEST(Rope, refuses_positions_that_are_floats) {
  Use use = valid();
  use.inputs[1].dtype = DType::f32;
  EXPECT_EQ(verdict(kRope, use), "input 1 is f32; i32 is expected.");
}

TEST(Rope, refuses_other_positions) {
  Use use = valid();
  use.inputs[1] = temporary({kOtherRows}, DType::i32);
  EXPECT_EQ(verdict(kRope, use), "input 1 has shape [T1]; [T0] is expected.");
}

TEST(Rope, refuses_frequencies_that_are_a_weight) {
  Use use = valid();
  use.inputs[2].place = Place::weight;
  EXPECT_EQ(verdict(kRope, use),
            "input 2 is a weight; a temporary, a window tensor or a register is expected.");
}

TEST(Rope, refuses_symbolic_frequencies) {
  Use use = valid();
  use.inputs[2] = temporary({kRows});
  EXPECT_EQ(verdict(kRope, use), "input 2 has shape [T0]; dimension 0 has to be constant.");
}

TEST(Rope, refuses_more_pairs_than_a_head_has) {
  Use use = valid();
  use.inputs[2] = temporary({c(4)});
  EXPECT_EQ(verdict(kRope, use), "input 2 has 4 frequencies; heads of 6 elements have 3 pairs.");
}

TEST(Rope, refuses_another_output_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(6), c(2)});
  EXPECT_EQ(verdict(kRope, use), "output 0 has shape [T0, 6, 2]; [T0, 2, 6] is expected.");
}

// One head of 5 elements at position 1, its first four turned by 90 and 0 degrees.
Floats turned(std::int64_t pairing) {
  Call call;
  call.input({1, 1, 5}, {1, 2, 3, 4, 5}).input_i32({1}, {1}).input({2}, {1.5707964f, 0});
  call.output({1, 1, 5}).attribute(AttributeId::pairing, pairing);
  EXPECT_TRUE(call.run(kRope));
  return call.floats();
}

void expect_near(const Floats& actual, const Floats& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-6) << i;
}

TEST(Rope, turns_halves) {
  expect_near(turned(0), {-3, 2, 1, 4, 5});
}

TEST(Rope, turns_neighbours) {
  expect_near(turned(1), {-2, 1, 3, 4, 5});
}

TEST(Rope, takes_the_position_of_each_row) {
  Call call;
  call.input({2, 2, 2}, {1, 0, 2, 0, 1, 0, 2, 0}).input_i32({2}, {0, 2}).input({1}, {1.5707964f});
  call.output({2, 2, 2}).attribute(AttributeId::pairing, std::int64_t{0});
  ASSERT_TRUE(call.run(kRope));
  expect_near(call.floats(), {1, 0, 2, 0, -1, 0, -2, 0});
}

}  // namespace
}  // namespace driftwood::ops::testing
