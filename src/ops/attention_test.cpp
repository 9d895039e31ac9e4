#include <gtest/gtest.h>

#include <cmath>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(4), c(3)}), plane({c(2), c(3)}), plane({c(2), c(3)})},
          {temporary({kRows, c(4), c(3)})},
          {{AttributeId::scale, 0.5}}};
}

TEST(Attention, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kAttention, valid()), "");
}

TEST(Attention, refuses_a_missing_plane) {
  Use use = valid();
  use.inputs.pop_back();
  EXPECT_EQ(verdict(kAttention, use), "There are 2 inputs and 1 outputs; 3 and 1 are expected.");
}

TEST(Attention, refuses_a_missing_scale) {
  Use use = valid();
  use.attributes.clear();
  EXPECT_EQ(verdict(kAttention, use), "Attribute scale is missing.");
}

TEST(Attention, refuses_a_scale_beyond_f32) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, -1e39}};
  EXPECT_EQ(verdict(kAttention, use), "Attribute scale (-1e+39) is not finite in f32.");
}

TEST(Attention, refuses_other_attributes) {
  Use use = valid();
  use.attributes.push_back({AttributeId::epsilon, 1.0});
  EXPECT_EQ(verdict(kAttention, use), "Attribute epsilon is not one that this op takes.");
}

TEST(Attention, refuses_keys_that_are_a_temporary) {
  Use use = valid();
  use.inputs[1].place = Place::temporary;
  EXPECT_EQ(verdict(kAttention, use), "input 1 is a temporary; a state plane is expected.");
}

TEST(Attention, refuses_values_that_are_a_window) {
  Use use = valid();
  use.inputs[2].place = Place::window;
  EXPECT_EQ(verdict(kAttention, use), "input 2 is a window tensor; a state plane is expected.");
}

TEST(Attention, refuses_values_of_another_shape) {
  Use use = valid();
  use.inputs[2] = plane({c(2), c(4)});
  EXPECT_EQ(verdict(kAttention, use), "input 2 has shape [2, 4]; [2, 3] is expected.");
}

TEST(Attention, refuses_values_of_another_state) {
  Use use = valid();
  use.inputs[2].slot = 1;
  EXPECT_EQ(verdict(kAttention, use),
            "input 1 is of state slot 0 and input 2 of slot 1; one state is expected.");
}

TEST(Attention, refuses_a_narrow_query) {
  Use use = valid();
  use.inputs[0].dtype = DType::f16;
  EXPECT_EQ(verdict(kAttention, use), "input 0 is f16; f32 is expected.");
}

TEST(Attention, refuses_symbolic_heads) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, kOtherRows, c(3)});
  EXPECT_EQ(verdict(kAttention, use),
            "input 0 has shape [T0, T1, 3]; dimension 1 has to be constant.");
}

TEST(Attention, refuses_another_head_width) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(4), c(6)});
  EXPECT_EQ(verdict(kAttention, use), "input 0 has shape [T0, 4, 6]; [T0, 4, 3] is expected.");
}

TEST(Attention, refuses_heads_that_do_not_group) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(3), c(3)});
  EXPECT_EQ(verdict(kAttention, use),
            "input 0 has 3 heads; a multiple of the 2 heads of the keys is expected.");
}

TEST(Attention, refuses_another_output_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(12)});
  EXPECT_EQ(verdict(kAttention, use), "output 0 has shape [T0, 12]; 3 dimensions are expected.");
}

TEST(Attention, sees_the_past_and_its_own_row_only) {
  // Zero queries weigh all visible positions alike, so each row is a mean.
  Call call;
  call.input({2, 1, 1}, {0, 0}).input({}, {}).input({}, {}).output({2, 1, 1});
  call.plane(1, 1, {5, 6, 7}).plane(1, 1, {2, 4, 9}, DType::bf16);
  call.attribute(AttributeId::scale, 1.0);
  ASSERT_TRUE(call.run(kAttention, 1));
  EXPECT_EQ(call.floats(), (Floats{3, 5}));
}

TEST(Attention, weighs_by_the_scaled_product) {
  Call call;
  call.input({1, 1, 2}, {2, 0}).output({1, 1, 2});
  call.plane(1, 2, {0, 9, 1, 9}).plane(1, 2, {1, 0, 0, 1});
  call.attribute(AttributeId::scale, 0.5);
  ASSERT_TRUE(call.run(kAttention, 1));
  const double weight = 1 / (1 + std::exp(1.0));  // scores 0 and 1
  EXPECT_FLOAT_EQ(call.floats()[0], static_cast<float>(weight));
  EXPECT_FLOAT_EQ(call.floats()[1], static_cast<float>(1 - weight));
}

TEST(Attention, shares_key_heads_among_groups) {
  Call call;
  call.input({1, 4, 1}, {0, 0, 0, 0}).output({1, 4, 1});
  call.plane(2, 1, {0, 0}).plane(2, 1, {3, 8}).attribute(AttributeId::scale, 1.0);
  ASSERT_TRUE(call.run(kAttention));
  EXPECT_EQ(call.floats(), (Floats{3, 3, 8, 8}));
}

}  // namespace
}  // namespace driftwood::ops::testing
