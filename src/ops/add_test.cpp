#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(4)}), temporary({kRows, c(4)})}, {temporary({kRows, c(4)})}};
}

TEST(Add, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kAdd, valid()), "");
  EXPECT_EQ(verdict(kAdd, {{temporary({}), temporary({})}, {temporary({})}}), "");
}

TEST(Add, refuses_a_third_input) {
  Use use = valid();
  use.inputs.push_back(use.inputs[0]);
  EXPECT_EQ(verdict(kAdd, use), "There are 3 inputs and 1 outputs; 2 and 1 are expected.");
}

TEST(Add, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kAdd, use), "Attribute scale is not one that this op takes.");
}

TEST(Add, refuses_a_weight) {
  Use use = valid();
  use.inputs[1].place = Place::weight;
  EXPECT_EQ(verdict(kAdd, use),
            "input 1 is a weight; a temporary, a window tensor or a register is expected.");
}

TEST(Add, refuses_integers) {
  Use use = valid();
  use.inputs[0].dtype = DType::i32;
  EXPECT_EQ(verdict(kAdd, use), "input 0 is i32; f32 is expected.");
}

TEST(Add, refuses_another_shape) {
  Use use = valid();
  use.inputs[1] = temporary({kRows, c(1)});
  EXPECT_EQ(verdict(kAdd, use), "input 1 has shape [T0, 1]; [T0, 4] is expected.");
}

TEST(Add, refuses_another_output_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kOtherRows, c(4)});
  EXPECT_EQ(verdict(kAdd, use), "output 0 has shape [T1, 4]; [T0, 4] is expected.");
}

TEST(Add, takes_a_row_for_all_rows) {
  for (const Operand& row : {weight({c(4)}, DType::bf16), temporary({c(4)})}) {
    Use use = valid();
    use.inputs[1] = row;
    EXPECT_EQ(verdict(kAdd, use), "");
    use.inputs[0] = use.outputs[0] = temporary({kRows, c(2), c(2)});
    EXPECT_EQ(verdict(kAdd, use), "");
  }
}

TEST(Add, refuses_a_row_of_another_width) {
  Use use = valid();
  use.inputs[1] = weight({c(5)});
  EXPECT_EQ(verdict(kAdd, use), "input 1 has 5 elements; 4 are expected.");
  use.inputs[1] = temporary({kRows});
  EXPECT_EQ(verdict(kAdd, use), "input 1 has shape [T0]; dimension 0 has to be constant.");
}

TEST(Add, refuses_a_narrow_row_that_is_no_weight) {
  Use use = valid();
  use.inputs[1] = temporary({c(4)}, DType::bf16);
  EXPECT_EQ(verdict(kAdd, use), "input 1 is bf16; f32 is expected.");
}

TEST(Add, adds) {
  Call call;
  call.input({2, 2}, {1, 2, 3, 4}).input({2, 2}, {10, 20, 30, -4}).output({2, 2});
  ASSERT_TRUE(call.run(kAdd));
  EXPECT_EQ(call.floats(), (Floats{11, 22, 33, 0}));
}

TEST(Add, adds_a_row_to_each_row) {
  Call call;
  call.input({2, 2}, {1, 2, 3, 4}).input({2}, {10, 0.5}, DType::f16).output({2, 2});
  ASSERT_TRUE(call.run(kAdd));
  EXPECT_EQ(call.floats(), (Floats{11, 2.5, 13, 4.5}));
}

}  // namespace
}  // namespace driftwood::ops::testing
