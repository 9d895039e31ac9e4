#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(2), c(3)})}, {plane({c(2), c(3)}, DType::bf16)}};
}

TEST(AppendRows, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kAppendRows, valid()), "");
}

TEST(AppendRows, refuses_a_second_input) {
  Use use = valid();
  use.inputs.push_back(use.inputs[0]);
  EXPECT_EQ(verdict(kAppendRows, use), "There are 2 inputs and 1 outputs; 1 and 1 are expected.");
}

TEST(AppendRows, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kAppendRows, use), "Attribute scale is not one that this op takes.");
}

TEST(AppendRows, refuses_to_append_to_a_temporary) {
  Use use = valid();
  use.outputs[0].place = Place::temporary;
  EXPECT_EQ(verdict(kAppendRows, use), "output 0 is a temporary; a state plane is expected.");
}

TEST(AppendRows, refuses_a_plane_of_integers) {
  Use use = valid();
  use.outputs[0].dtype = DType::i32;
  EXPECT_EQ(verdict(kAppendRows, use), "output 0 is i32; f32, bf16 or f16 is expected.");
}

TEST(AppendRows, refuses_a_plane_of_one_dimension) {
  Use use = valid();
  use.outputs[0] = plane({c(6)});
  EXPECT_EQ(verdict(kAppendRows, use), "output 0 has shape [6]; 2 dimensions are expected.");
}

TEST(AppendRows, refuses_symbolic_heads) {
  Use use = valid();
  use.outputs[0] = plane({kRows, c(3)});
  EXPECT_EQ(verdict(kAppendRows, use),
            "output 0 has shape [T0, 3]; dimension 0 has to be constant.");
}

TEST(AppendRows, refuses_a_symbolic_width) {
  Use use = valid();
  use.outputs[0] = plane({c(2), kRows});
  EXPECT_EQ(verdict(kAppendRows, use),
            "output 0 has shape [2, T0]; dimension 1 has to be constant.");
}

TEST(AppendRows, refuses_narrow_rows) {
  Use use = valid();
  use.inputs[0].dtype = DType::bf16;
  EXPECT_EQ(verdict(kAppendRows, use), "input 0 is bf16; f32 is expected.");
}

TEST(AppendRows, refuses_rows_without_heads) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(6)});
  EXPECT_EQ(verdict(kAppendRows, use), "input 0 has shape [T0, 6]; 3 dimensions are expected.");
}

TEST(AppendRows, refuses_other_heads) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(3), c(2)});
  EXPECT_EQ(verdict(kAppendRows, use), "input 0 has shape [T0, 3, 2]; [T0, 2, 3] is expected.");
}

TEST(AppendRows, writes_after_the_live_rows_and_rounds) {
  Call call;
  // 1 + 2^-8 lies halfway between two bf16 values and goes to the even one.
  call.input({2, 1, 2}, {1.00390625f, 2, 3, -4}).plane(1, 2, {7, 8, 0, 0, 0, 0}, DType::bf16);
  ASSERT_TRUE(call.run(kAppendRows, 1));
  EXPECT_EQ(call.plane_floats(0), (Floats{7, 8, 1, 2, 3, -4}));
}

}  // namespace
}  // namespace driftwood::ops::testing
