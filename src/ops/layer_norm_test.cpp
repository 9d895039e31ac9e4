#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(4)}), weight({c(4)}, DType::f16), weight({c(4)}, DType::f16)},
          {temporary({kRows, c(4)})},
          {{AttributeId::epsilon, 1e-5}}};
}

TEST(LayerNorm, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kLayerNorm, valid()), "");
}

TEST(LayerNorm, refuses_a_missing_bias) {
  Use use = valid();
  use.inputs.pop_back();
  EXPECT_EQ(verdict(kLayerNorm, use), "There are 2 inputs and 1 outputs; 3 and 1 are expected.");
}

TEST(LayerNorm, refuses_a_missing_and_a_large_epsilon) {
  Use use = valid();
  use.attributes.clear();
  EXPECT_EQ(verdict(kLayerNorm, use), "Attribute epsilon is missing.");
  use.attributes = {{AttributeId::epsilon, 1.5}};
  EXPECT_EQ(verdict(kLayerNorm, use), "Attribute epsilon (1.5) is not within 0 and 1.");
}

TEST(LayerNorm, refuses_other_widths) {
  for (const std::size_t i : {1, 2}) {
    Use use = valid();
    use.inputs[i] = weight({c(5)});
    EXPECT_EQ(verdict(kLayerNorm, use),
              "input " + std::to_string(i) + " has shape [5]; [4] is expected.");
  }
}

TEST(LayerNorm, refuses_a_temporary_as_weight) {
  Use use = valid();
  use.inputs[1].place = Place::temporary;
  EXPECT_EQ(verdict(kLayerNorm, use), "input 1 is a temporary; a weight is expected.");
}

TEST(LayerNorm, refuses_a_symbolic_width) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, kOtherRows});
  EXPECT_EQ(verdict(kLayerNorm, use),
            "input 0 has shape [T0, T1]; dimension 1 has to be constant.");
}

TEST(LayerNorm, refuses_another_output) {
  Use use = valid();
  use.outputs[0] = temporary({kOtherRows, c(4)});
  EXPECT_EQ(verdict(kLayerNorm, use), "output 0 has shape [T1, 4]; [T0, 4] is expected.");
}

TEST(LayerNorm, normalises_each_row) {
  Call call;
  call.input({2, 2}, {1, 5, -10, 10}).input({2}, {3, 10}).input({2}, {0.5, 1}).output({2, 2});
  call.attribute(AttributeId::epsilon, 0.0);
  ASSERT_TRUE(call.run(kLayerNorm));
  EXPECT_EQ(call.floats(), (Floats{-2.5, 11, -2.5, 11}));
}

TEST(LayerNorm, epsilon_keeps_a_constant_row_finite) {
  Call call;
  call.input({1, 2}, {3, 3}).input({2}, {3, 10}).input({2}, {0.5, 1}).output({1, 2});
  call.attribute(AttributeId::epsilon, 0.25);
  ASSERT_TRUE(call.run(kLayerNorm));
  EXPECT_EQ(call.floats(), (Floats{0.5, 1}));
}

}  // namespace
}  // namespace driftwood::ops::testing
