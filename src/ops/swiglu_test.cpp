#include <gtest/gtest.h>

#include <cmath>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(4)}), temporary({kRows, c(4)})}, {temporary({kRows, c(4)})}};
}

TEST(Swiglu, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kSwiglu, valid()), "");
}

TEST(Swiglu, refuses_a_missing_input) {
  Use use = valid();
  use.inputs.pop_back();
  EXPECT_EQ(verdict(kSwiglu, use), "There are 1 inputs and 1 outputs; 2 and 1 are expected.");
}

TEST(Swiglu, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kSwiglu, use), "Attribute scale is not one that this op takes.");
}

TEST(Swiglu, refuses_a_weight) {
  Use use = valid();
  use.inputs[0].place = Place::weight;
  EXPECT_EQ(verdict(kSwiglu, use),
            "input 0 is a weight; a temporary, a window tensor or a register is expected.");
}

TEST(Swiglu, refuses_symbolic_columns) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, kOtherRows});
  EXPECT_EQ(verdict(kSwiglu, use), "input 0 has shape [T0, T1]; dimension 1 has to be constant.");
}

TEST(Swiglu, refuses_another_shape_of_up) {
  Use use = valid();
  use.inputs[1] = temporary({kRows, c(5)});
  EXPECT_EQ(verdict(kSwiglu, use), "input 1 has shape [T0, 5]; [T0, 4] is expected.");
}

TEST(Swiglu, refuses_narrow_up) {
  Use use = valid();
  use.inputs[1].dtype = DType::bf16;
  EXPECT_EQ(verdict(kSwiglu, use), "input 1 is bf16; f32 is expected.");
}

TEST(Swiglu, refuses_another_output_shape) {
  Use use = valid();
  use.outputs[0] = temporary({c(4), kRows});
  EXPECT_EQ(verdict(kSwiglu, use), "output 0 has shape [4, T0]; [T0, 4] is expected.");
}

TEST(Swiglu, gates) {
  Call call;
  call.input({1, 3}, {0, 1, -1000}).input({1, 3}, {5, 2, 3}).output({1, 3});
  ASSERT_TRUE(call.run(kSwiglu));
  EXPECT_EQ(call.floats()[0], 0);
  EXPECT_FLOAT_EQ(call.floats()[1], static_cast<float>(2 / (1 + std::exp(-1.0))));
  EXPECT_EQ(call.floats()[2], 0);
}

}  // namespace
}  // namespace driftwood::ops::testing
