#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use plain() {
  return {{temporary({kRows, c(3), c(4), c(5)}), weight({c(3)}), weight({c(3)})},
          {temporary({kRows, c(3), c(4), c(5)})}};
}

Use normalising() {
  Use use = plain();
  use.inputs.resize(5, weight({c(3)}, DType::bf16));
  use.attributes = {{AttributeId::epsilon, 1e-5}};
  return use;
}

TEST(ChannelAffine, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kChannelAffine, plain()), "");
  EXPECT_EQ(verdict(kChannelAffine, normalising()), "");
  EXPECT_EQ(verdict(kChannelAffine, {{temporary({kRows, c(3)}), weight({c(3)}), weight({c(3)})},
                                     {temporary({kRows, c(3)})}}),
            "");
}

TEST(ChannelAffine, refuses_a_mean_without_variance) {
  Use use = normalising();
  use.inputs.pop_back();
  EXPECT_EQ(verdict(kChannelAffine, use),
            "There are 4 inputs and 1 outputs; 3 and 1 are expected.");
}

TEST(ChannelAffine, takes_an_epsilon_with_a_variance_alone) {
  Use use = plain();
  use.attributes = normalising().attributes;
  EXPECT_EQ(verdict(kChannelAffine, use), "Attribute epsilon is not one that this op takes.");
  use = normalising();
  use.attributes.clear();
  EXPECT_EQ(verdict(kChannelAffine, use), "Attribute epsilon is missing.");
  use.attributes = {{AttributeId::epsilon, -1.0}};
  EXPECT_EQ(verdict(kChannelAffine, use), "Attribute epsilon (-1) is not within 0 and 1.");
}

TEST(ChannelAffine, refuses_other_channels) {
  for (std::size_t i = 1; i < 5; ++i) {
    Use use = normalising();
    use.inputs[i] = weight({c(4)});
    EXPECT_EQ(verdict(kChannelAffine, use),
              "input " + std::to_string(i) + " has shape [4]; [3] is expected.");
  }
}

TEST(ChannelAffine, refuses_a_temporary_as_scale) {
  Use use = plain();
  use.inputs[1] = temporary({c(3)});
  EXPECT_EQ(verdict(kChannelAffine, use), "input 1 is a temporary; a weight is expected.");
}

TEST(ChannelAffine, refuses_a_vector) {
  Use use = plain();
  use.inputs[0] = temporary({c(3)});
  EXPECT_EQ(verdict(kChannelAffine, use),
            "input 0 has shape [3]; at least 2 dimensions are expected.");
}

TEST(ChannelAffine, refuses_symbolic_channels) {
  Use use = plain();
  use.inputs[0] = temporary({c(2), kRows});
  EXPECT_EQ(verdict(kChannelAffine, use),
            "input 0 has shape [2, T0]; dimension 1 has to be constant.");
}

TEST(ChannelAffine, refuses_another_output) {
  Use use = plain();
  use.outputs[0] = temporary({kRows, c(3), c(20)});
  EXPECT_EQ(verdict(kChannelAffine, use),
            "output 0 has shape [T0, 3, 20]; [T0, 3, 4, 5] is expected.");
}

TEST(ChannelAffine, scales_and_shifts_each_channel) {
  Call call;
  call.input({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  call.input({2}, {10, 100}).input({2}, {1, 2}).output({2, 2, 2});
  ASSERT_TRUE(call.run(kChannelAffine));
  EXPECT_EQ(call.floats(), (Floats{11, 21, 302, 402, 51, 61, 702, 802}));
}

TEST(ChannelAffine, normalises_by_mean_and_variance) {
  Call call;
  call.input({1, 2}, {5, 7}).input({2}, {3, 1}).input({2}, {1, -1});
  call.input({2}, {1, 7}).input({2}, {3.75, 8}).output({1, 2});
  call.attribute(AttributeId::epsilon, 0.25);
  ASSERT_TRUE(call.run(kChannelAffine));
  EXPECT_EQ(call.floats(), (Floats{7, -1}));
}

}  // namespace
}  // namespace driftwood::ops::testing
