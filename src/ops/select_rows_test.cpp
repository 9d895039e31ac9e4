#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(4)}), temporary({kOtherRows}, DType::i32)},
          {temporary({kOtherRows, c(4)})}};
}

TEST(SelectRows, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kSelectRows, valid()), "");
}

TEST(SelectRows, refuses_a_missing_input) {
  Use use = valid();
  use.inputs.pop_back();
  EXPECT_EQ(verdict(kSelectRows, use), "There are 1 inputs and 1 outputs; 2 and 1 are expected.");
}

TEST(SelectRows, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kSelectRows, use), "Attribute scale is not one that this op takes.");
}

TEST(SelectRows, refuses_a_weight) {
  Use use = valid();
  use.inputs[0].place = Place::weight;
  EXPECT_EQ(verdict(kSelectRows, use),
            "input 0 is a weight; a temporary, a window tensor or a register is expected.");
}

TEST(SelectRows, refuses_rows_of_one_dimension) {
  Use use = valid();
  use.inputs[0] = temporary({kRows});
  EXPECT_EQ(verdict(kSelectRows, use), "input 0 has shape [T0]; 2 dimensions are expected.");
}

TEST(SelectRows, refuses_symbolic_columns) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, kOtherRows});
  EXPECT_EQ(verdict(kSelectRows, use),
            "input 0 has shape [T0, T1]; dimension 1 has to be constant.");
}

TEST(SelectRows, refuses_indices_that_are_floats) {
  Use use = valid();
  use.inputs[1].dtype = DType::f32;
  EXPECT_EQ(verdict(kSelectRows, use), "input 1 is f32; i32 is expected.");
}

TEST(SelectRows, refuses_as_many_rows_as_the_input) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(4)});
  EXPECT_EQ(verdict(kSelectRows, use), "output 0 has shape [T0, 4]; [T1, 4] is expected.");
}

TEST(SelectRows, selects) {
  Call call;
  call.input({3, 2}, {1, 2, 3, 4, 5, 6}).input_i32({2}, {2, 2}).output({2, 2});
  ASSERT_TRUE(call.run(kSelectRows));
  EXPECT_EQ(call.floats(), (Floats{5, 6, 5, 6}));
}

TEST(SelectRows, refuses_indices_outside_the_rows) {
  for (const std::int32_t index : {3, -1}) {
    Call call;
    call.input({3, 1}, {1, 2, 3}).input_i32({1}, {index}).output({1, 1});
    const auto run = call.run(kSelectRows);
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().message(),
              "Index " + std::to_string(index) + " (entry 0) is outside 0 to 3 (exclusive).");
  }
}

}  // namespace
}  // namespace driftwood::ops::testing
