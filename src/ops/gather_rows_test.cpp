#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{weight({c(5), c(6)}, DType::bf16), temporary({kRows}, DType::i32)},
          {temporary({kRows, c(6)})}};
}

TEST(GatherRows, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kGatherRows, valid()), "");
  Use split = valid();
  split.outputs[0] = temporary({kRows, c(2), c(3)});
  EXPECT_EQ(verdict(kGatherRows, split), "");
}

TEST(GatherRows, refuses_a_missing_input) {
  Use use = valid();
  use.inputs.pop_back();
  EXPECT_EQ(verdict(kGatherRows, use), "There are 1 inputs and 1 outputs; 2 and 1 are expected.");
}

TEST(GatherRows, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kGatherRows, use), "Attribute scale is not one that this op takes.");
}

TEST(GatherRows, refuses_a_temporary_table) {
  Use use = valid();
  use.inputs[0].place = Place::temporary;
  EXPECT_EQ(verdict(kGatherRows, use),
            "input 0 is a temporary; a weight or a window tensor is expected.");
}

TEST(GatherRows, refuses_a_table_of_integers) {
  Use use = valid();
  use.inputs[0].dtype = DType::i32;
  EXPECT_EQ(verdict(kGatherRows, use), "input 0 is i32; f32, bf16 or f16 is expected.");
}

TEST(GatherRows, refuses_a_table_of_three_dimensions) {
  Use use = valid();
  use.inputs[0] = weight({c(5), c(2), c(3)});
  EXPECT_EQ(verdict(kGatherRows, use), "input 0 has shape [5, 2, 3]; 2 dimensions are expected.");
}

TEST(GatherRows, refuses_a_symbolic_width) {
  Use use = valid();
  use.inputs[0] = operand(Place::window, DType::f32, {c(5), kRows});
  EXPECT_EQ(verdict(kGatherRows, use),
            "input 0 has shape [5, T0]; dimension 1 has to be constant.");
}

TEST(GatherRows, refuses_ids_that_are_floats) {
  Use use = valid();
  use.inputs[1].dtype = DType::f32;
  EXPECT_EQ(verdict(kGatherRows, use), "input 1 is f32; i32 is expected.");
}

TEST(GatherRows, refuses_ids_of_two_dimensions) {
  Use use = valid();
  use.inputs[1] = temporary({kRows, c(1)}, DType::i32);
  EXPECT_EQ(verdict(kGatherRows, use), "input 1 has shape [T0, 1]; 1 dimensions are expected.");
}

TEST(GatherRows, refuses_other_rows) {
  Use use = valid();
  use.outputs[0] = temporary({c(3), c(6)});
  EXPECT_EQ(verdict(kGatherRows, use), "output 0 has shape [3, 6]; T0 rows are expected.");
}

TEST(GatherRows, refuses_other_columns) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(5)});
  EXPECT_EQ(verdict(kGatherRows, use), "output 0 has shape [T0, 5]; 6 columns are expected.");
}

TEST(GatherRows, refuses_an_output_without_columns) {
  Use use = valid();
  use.outputs[0] = temporary({kRows});
  EXPECT_EQ(verdict(kGatherRows, use),
            "output 0 has shape [T0]; at least 2 dimensions are expected.");
}

TEST(GatherRows, refuses_symbolic_trailing_dimensions) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(6), kOtherRows});
  EXPECT_EQ(verdict(kGatherRows, use),
            "output 0 has shape [T0, 6, T1]; dimension 2 has to be constant.");
}

TEST(GatherRows, refuses_a_narrow_output) {
  Use use = valid();
  use.outputs[0].dtype = DType::bf16;
  EXPECT_EQ(verdict(kGatherRows, use), "output 0 is bf16; f32 is expected.");
}

TEST(GatherRows, refuses_to_write_a_weight) {
  Use use = valid();
  use.outputs[0].place = Place::weight;
  EXPECT_EQ(verdict(kGatherRows, use),
            "output 0 is a weight; a temporary, a window tensor or a register is expected.");
}

TEST(GatherRows, gathers_and_converts) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
    Call call;
    call.input({3, 2}, {1, 2, 3, 4, -0.5, 6}, dtype).input_i32({2}, {2, 0}).output({2, 2});
    ASSERT_TRUE(call.run(kGatherRows));
    EXPECT_EQ(call.floats(), (Floats{-0.5, 6, 1, 2}));
  }
}

TEST(GatherRows, refuses_ids_outside_the_table) {
  for (const std::int32_t id : {3, -1, INT32_MAX, INT32_MIN}) {
    Call call;
    call.input({3, 1}, {1, 2, 3}).input_i32({2}, {2, id}).output({2, 1});
    const auto run = call.run(kGatherRows);
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(run.error().message(),
              "Index " + std::to_string(id) + " (entry 1) is outside 0 to 3 (exclusive).");
  }
}

}  // namespace
}  // namespace driftwood::ops::testing
