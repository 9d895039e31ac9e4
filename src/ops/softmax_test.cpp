#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(2), c(4)})}, {temporary({kRows, c(2), c(4)})}};
}

TEST(Softmax, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kSoftmax, valid()), "");
}

TEST(Softmax, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kSoftmax, use), "Attribute scale is not one that this op takes.");
}

TEST(Softmax, refuses_a_vector) {
  EXPECT_EQ(verdict(kSoftmax, {{temporary({c(4)})}, {temporary({c(4)})}}),
            "input 0 has shape [4]; at least 2 dimensions are expected.");
}

TEST(Softmax, refuses_a_symbolic_width) {
  Use use = valid();
  use.inputs[0] = temporary({c(4), kRows});
  EXPECT_EQ(verdict(kSoftmax, use), "input 0 has shape [4, T0]; dimension 1 has to be constant.");
}

TEST(Softmax, refuses_a_weight) {
  Use use = valid();
  use.inputs[0].place = Place::weight;
  EXPECT_TRUE(verdict(kSoftmax, use).starts_with("input 0 is a weight;"));
}

TEST(Softmax, refuses_another_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(4), c(2)});
  EXPECT_EQ(verdict(kSoftmax, use), "output 0 has shape [T0, 4, 2]; [T0, 2, 4] is expected.");
}

TEST(Softmax, adds_up_to_one_in_each_row) {
  Call call;
  call.input({1, 3, 2}, {0, 0, 1000, 1000, 0, -1000}).output({1, 3, 2});
  ASSERT_TRUE(call.run(kSoftmax));
  EXPECT_EQ(call.floats(), (Floats{0.5, 0.5, 0.5, 0.5, 1, 0}));
}

}  // namespace
}  // namespace driftwood::ops::testing
