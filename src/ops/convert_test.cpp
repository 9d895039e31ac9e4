#include <gtest/gtest.h>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(2), c(4)}, DType::u8)}, {temporary({kRows, c(2), c(4)})}};
}

TEST(Convert, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kConvert, valid()), "");
}

TEST(Convert, refuses_other_dtypes) {
  Use use = valid();
  use.inputs[0].dtype = DType::i8;
  EXPECT_EQ(verdict(kConvert, use), "input 0 is i8; u8 is expected.");
  use = valid();
  use.outputs[0].dtype = DType::f16;
  EXPECT_EQ(verdict(kConvert, use), "output 0 is f16; f32 is expected.");
}

TEST(Convert, refuses_a_weight) {
  Use use = valid();
  use.inputs[0].place = Place::weight;
  EXPECT_TRUE(verdict(kConvert, use).starts_with("input 0 is a weight;"));
}

TEST(Convert, refuses_another_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(8)});
  EXPECT_EQ(verdict(kConvert, use), "output 0 has shape [T0, 8]; [T0, 2, 4] is expected.");
}

TEST(Convert, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kConvert, use), "Attribute scale is not one that this op takes.");
}

TEST(Convert, counts_from_0_to_255) {
  Call call;
  call.input_u8({4}, {0, 1, 128, 255}).output({4});
  ASSERT_TRUE(call.run(kConvert));
  EXPECT_EQ(call.floats(), (Floats{0, 1, 128, 255}));
}

}  // namespace
}  // namespace driftwood::ops::testing
