#include <gtest/gtest.h>

#include <cmath>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(4)}), weight({c(4)}, DType::f16)},
          {temporary({kRows, c(4)})},
          {{AttributeId::epsilon, 1e-5}}};
}

TEST(RmsNorm, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kRmsNorm, valid()), "");
}

TEST(RmsNorm, refuses_a_missing_weight) {
  Use use = valid();
  use.inputs.pop_back();
  EXPECT_EQ(verdict(kRmsNorm, use), "There are 1 inputs and 1 outputs; 2 and 1 are expected.");
}

TEST(RmsNorm, refuses_a_missing_epsilon) {
  Use use = valid();
  use.attributes.clear();
  EXPECT_EQ(verdict(kRmsNorm, use), "Attribute epsilon is missing.");
}

TEST(RmsNorm, refuses_an_integer_epsilon) {
  Use use = valid();
  use.attributes = {{AttributeId::epsilon, std::int64_t{0}}};
  EXPECT_EQ(verdict(kRmsNorm, use), "Attribute epsilon is an integer; a number is expected.");
}

TEST(RmsNorm, refuses_a_negative_epsilon) {
  Use use = valid();
  use.attributes = {{AttributeId::epsilon, -0.25}};
  EXPECT_EQ(verdict(kRmsNorm, use), "Attribute epsilon (-0.25) is not within 0 and 1.");
}

TEST(RmsNorm, refuses_a_large_epsilon) {
  Use use = valid();
  use.attributes = {{AttributeId::epsilon, 1.5}};
  EXPECT_EQ(verdict(kRmsNorm, use), "Attribute epsilon (1.5) is not within 0 and 1.");
}

TEST(RmsNorm, refuses_two_epsilons) {
  Use use = valid();
  use.attributes.push_back(use.attributes[0]);
  EXPECT_EQ(verdict(kRmsNorm, use), "Attribute epsilon is given twice.");
}

TEST(RmsNorm, refuses_other_attributes) {
  Use use = valid();
  use.attributes.push_back({AttributeId{99}, 1.0});
  EXPECT_EQ(verdict(kRmsNorm, use), "Attribute number 99 is not one that this op takes.");
}

TEST(RmsNorm, refuses_a_narrow_input) {
  Use use = valid();
  use.inputs[0].dtype = DType::f16;
  EXPECT_EQ(verdict(kRmsNorm, use), "input 0 is f16; f32 is expected.");
}

TEST(RmsNorm, refuses_a_symbolic_width) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, kOtherRows});
  EXPECT_EQ(verdict(kRmsNorm, use), "input 0 has shape [T0, T1]; dimension 1 has to be constant.");
}

TEST(RmsNorm, refuses_a_temporary_as_weight) {
  Use use = valid();
  use.inputs[1].place = Place::temporary;
  EXPECT_EQ(verdict(kRmsNorm, use), "input 1 is a temporary; a weight is expected.");
}

TEST(RmsNorm, refuses_an_integer_weight) {
  Use use = valid();
  use.inputs[1].dtype = DType::u8;
  EXPECT_EQ(verdict(kRmsNorm, use), "input 1 is u8; f32, bf16 or f16 is expected.");
}

TEST(RmsNorm, refuses_a_symbolic_weight) {
  Use use = valid();
  use.inputs[1] = weight({kRows});
  EXPECT_EQ(verdict(kRmsNorm, use), "input 1 has shape [T0]; dimension 0 has to be constant.");
}

TEST(RmsNorm, refuses_another_width) {
  Use use = valid();
  use.inputs[1] = weight({c(5)});
  EXPECT_EQ(verdict(kRmsNorm, use), "input 1 has shape [5]; [4] is expected.");
}

TEST(RmsNorm, refuses_another_output_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(8)});
  EXPECT_EQ(verdict(kRmsNorm, use), "output 0 has shape [T0, 8]; [T0, 4] is expected.");
}

TEST(RmsNorm, normalises_each_row) {
  Call call;
  call.input({2, 2}, {3, 4, 0, 0}).input({2}, {2, 1}, DType::bf16).output({2, 2});
  call.attribute(AttributeId::epsilon, 0.0625);
  ASSERT_TRUE(call.run(kRmsNorm));
  const float root = std::sqrt(12.5f + 0.0625f);
  const Floats y = call.floats();
  EXPECT_FLOAT_EQ(y[0], 6 / root);
  EXPECT_FLOAT_EQ(y[1], 4 / root);
  EXPECT_EQ(y[2], 0);
  EXPECT_EQ(y[3], 0);
}

}  // namespace
}  // namespace driftwood::ops::testing
