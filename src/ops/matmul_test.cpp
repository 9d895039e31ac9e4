#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(3)}), temporary({c(3), c(2)})}, {temporary({kRows, c(2)})}};
}

TEST(Matmul, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kMatmul, valid()), "");
  Use windows = valid();
  for (Operand& operand : windows.inputs) operand.place = Place::window;
  windows.outputs[0].place = Place::window;
  EXPECT_EQ(verdict(kMatmul, windows), "");
}

TEST(Matmul, refuses_a_third_input) {
  Use use = valid();
  use.inputs.push_back(use.inputs[0]);
  EXPECT_EQ(verdict(kMatmul, use), "There are 3 inputs and 1 outputs; 2 and 1 are expected.");
}

TEST(Matmul, refuses_a_missing_output) {
  Use use = valid();
  use.outputs.clear();
  EXPECT_EQ(verdict(kMatmul, use), "There are 2 inputs and 0 outputs; 2 and 1 are expected.");
}

TEST(Matmul, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kMatmul, use), "Attribute scale is not one that this op takes.");
}

TEST(Matmul, refuses_bf16) {
  Use use = valid();
  use.inputs[0].dtype = DType::bf16;
  EXPECT_EQ(verdict(kMatmul, use), "input 0 is bf16; f32 is expected.");
}

TEST(Matmul, refuses_a_weight) {
  Use use = valid();
  use.inputs[1].place = Place::weight;
  EXPECT_EQ(verdict(kMatmul, use),
            "input 1 is a weight; a temporary, a window tensor or a register is expected.");
}

TEST(Matmul, refuses_a_scalar) {
  Use use = valid();
  use.inputs[0] = temporary({});
  EXPECT_EQ(verdict(kMatmul, use), "input 0 has shape []; 2 dimensions are expected.");
}

TEST(Matmul, refuses_a_symbolic_depth) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, kOtherRows});
  EXPECT_EQ(verdict(kMatmul, use), "input 0 has shape [T0, T1]; dimension 1 has to be constant.");
}

TEST(Matmul, refuses_symbolic_columns) {
  Use use = valid();
  use.inputs[1] = temporary({c(3), kRows});
  EXPECT_EQ(verdict(kMatmul, use), "input 1 has shape [3, T0]; dimension 1 has to be constant.");
}

TEST(Matmul, refuses_another_depth) {
  Use use = valid();
  use.inputs[1] = temporary({c(4), c(2)});
  EXPECT_EQ(verdict(kMatmul, use), "input 1 has shape [4, 2]; [3, 2] is expected.");
}

TEST(Matmul, refuses_another_output_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kOtherRows, c(2)});
  EXPECT_EQ(verdict(kMatmul, use), "output 0 has shape [T1, 2]; [T0, 2] is expected.");
}

TEST(Matmul, refuses_an_output_of_integers) {
  Use use = valid();
  use.outputs[0].dtype = DType::i32;
  EXPECT_EQ(verdict(kMatmul, use), "output 0 is i32; f32 is expected.");
}

TEST(Matmul, multiplies) {
  Call call;
  call.input({2, 3}, {1, 2, 3, 4, 5, 6}).input({3, 2}, {1, 0, 0, 1, 10, 100}).output({2, 2});
  ASSERT_TRUE(call.run(kMatmul));
  EXPECT_EQ(call.floats(), (Floats{31, 302, 64, 605}));
}

TEST(Matmul, of_no_rows_does_nothing) {
  Call call;
  call.input({0, 3}, {}).input({3, 2}, {1, 0, 0, 1, 10, 100}).output({0, 2});
  EXPECT_TRUE(call.run(kMatmul));
}

}  // namespace
}  // namespace driftwood::ops::testing
