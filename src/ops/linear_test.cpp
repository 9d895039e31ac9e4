#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(6)}), weight({c(4), c(6)}), weight({c(2), c(6)}, DType::bf16)},
          {temporary({kRows, c(4)}), temporary({kRows, c(2)})}};
}

TEST(Linear, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kLinear, valid()), "");
  Use split = valid();
  split.inputs[0] = temporary({kRows, c(3), c(2)});
  split.outputs[0] = temporary({kRows, c(2), c(2)});
  EXPECT_EQ(verdict(kLinear, split), "");
  Use four = {{valid().inputs[0]}, {}};
  four.inputs.resize(5, weight({c(4), c(6)}));
  four.outputs.resize(4, temporary({kRows, c(4)}));
  EXPECT_EQ(verdict(kLinear, four), "");
}

TEST(Linear, refuses_no_weights) {
  Use use = valid();
  use = {{use.inputs[0]}, {}};
  EXPECT_EQ(verdict(kLinear, use), "There are 0 outputs; 1 to 4 are expected.");
}

TEST(Linear, refuses_five_weights) {
  Use use = valid();
  use.outputs.resize(5, use.outputs[0]);
  EXPECT_EQ(verdict(kLinear, use), "There are 5 outputs; 1 to 4 are expected.");
}

TEST(Linear, refuses_a_weight_without_output) {
  Use use = valid();
  use.outputs.pop_back();
  EXPECT_EQ(verdict(kLinear, use), "There are 3 inputs and 1 outputs; 2 and 1 are expected.");
}

TEST(Linear, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kLinear, use), "Attribute scale is not one that this op takes.");
}

TEST(Linear, refuses_a_weight_as_input) {
  Use use = valid();
  use.inputs[0].place = Place::weight;
  EXPECT_EQ(verdict(kLinear, use),
            "input 0 is a weight; a temporary, a window tensor or a register is expected.");
}

TEST(Linear, refuses_a_narrow_input) {
  Use use = valid();
  use.inputs[0].dtype = DType::bf16;
  EXPECT_EQ(verdict(kLinear, use), "input 0 is bf16; f32 is expected.");
}

TEST(Linear, refuses_a_vector) {
  Use use = valid();
  use.inputs[0] = temporary({kRows});
  EXPECT_EQ(verdict(kLinear, use), "input 0 has shape [T0]; at least 2 dimensions are expected.");
}

TEST(Linear, refuses_columns_beyond_counting) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(1u << 31), c(1u << 31), c(4)});
  EXPECT_EQ(
      verdict(kLinear, use),
      "input 0 has shape [T0, 2147483648, 2147483648, 4]; its columns are too many to count.");
}

TEST(Linear, refuses_a_temporary_as_weight) {
  Use use = valid();
  use.inputs[1].place = Place::temporary;
  EXPECT_EQ(verdict(kLinear, use), "input 1 is a temporary; a weight is expected.");
}

TEST(Linear, refuses_an_integer_weight) {
  Use use = valid();
  use.inputs[2].dtype = DType::i8;
  EXPECT_EQ(verdict(kLinear, use), "input 2 is i8; f32, bf16 or f16 is expected.");
}

TEST(Linear, refuses_a_weight_of_one_dimension) {
  Use use = valid();
  use.inputs[1] = weight({c(6)});
  EXPECT_EQ(verdict(kLinear, use), "input 1 has shape [6]; 2 dimensions are expected.");
}

TEST(Linear, refuses_another_depth) {
  Use use = valid();
  use.inputs[2] = weight({c(300), c(64)});
  EXPECT_EQ(verdict(kLinear, use), "input 2 has shape [300, 64]; 6 columns are expected.");
}

TEST(Linear, refuses_other_columns) {
  Use use = valid();
  use.outputs[1] = temporary({kRows, c(3)});
  EXPECT_EQ(verdict(kLinear, use), "output 1 has shape [T0, 3]; 2 columns are expected.");
}

TEST(Linear, refuses_other_rows) {
  Use use = valid();
  use.outputs[0] = temporary({{2, 0}, c(4)});
  EXPECT_EQ(verdict(kLinear, use), "output 0 has shape [2*T0, 4]; T0 rows are expected.");
}

TEST(Linear, multiplies_by_each_transposed_weight) {
  Call call;
  call.input({2, 2}, {1, 2, 3, 4});
  call.input({3, 2}, {1, 0, 0, 1, 1, 1}).input({1, 2}, {10, 100}, DType::f16);
  call.output({2, 3}).output({2, 1});
  ASSERT_TRUE(call.run(kLinear));
  EXPECT_EQ(call.floats(0), (Floats{1, 2, 3, 3, 4, 7}));
  EXPECT_EQ(call.floats(1), (Floats{210, 430}));
}

TEST(Linear, takes_the_columns_of_a_split_shape) {
  Call call;
  call.input({1, 2, 2}, {1, 2, 3, 4}).input({1, 4}, {1, 10, 100, 1000}).output({1, 1});
  ASSERT_TRUE(call.run(kLinear));
  EXPECT_EQ(call.floats(), (Floats{4321}));
}

}  // namespace
}  // namespace driftwood::ops::testing
