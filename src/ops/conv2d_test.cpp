#include <gtest/gtest.h>

#include "ops/attributes.h"
#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

struct Places {
  std::int64_t stride_y = 1, stride_x = 1, top = 0, bottom = 0, left = 0, right = 0, mode = 0;
};

std::vector<Attribute> attributes(const Places& places) {
  return {{AttributeId::stride_y, places.stride_y}, {AttributeId::stride_x, places.stride_x},
          {AttributeId::pad_top, places.top},       {AttributeId::pad_bottom, places.bottom},
          {AttributeId::pad_left, places.left},     {AttributeId::pad_right, places.right},
          {AttributeId::padding_mode, places.mode}};
}

// [T0, 3, 8, 10] with a window of 3 x 4: 4 x 7 positions.
Use valid() {
  return {{temporary({kRows, c(3), c(8), c(10)}), weight({c(5), c(3), c(3), c(4)}), weight({c(5)})},
          {temporary({kRows, c(5), c(4), c(7)})},
          attributes({2, 2, 1, 0, 3, 3, 0})};
}

std::string with(const Places& places) {
  Use use = valid();
  use.attributes = attributes(places);
  return verdict(kConv2d, use);
}

TEST(Conv2d, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kConv2d, valid()), "");
  Use no_bias = valid();
  no_bias.inputs.pop_back();
  EXPECT_EQ(verdict(kConv2d, no_bias), "");
}

TEST(Conv2d, refuses_missing_attributes) {
  for (std::size_t i = 0; i < 7; ++i) {
    Use use = valid();
    const std::string name = attribute_name(use.attributes[i].id);
    use.attributes.erase(use.attributes.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(verdict(kConv2d, use), "Attribute " + name + " is missing.");
  }
}

TEST(Conv2d, refuses_attributes_beyond_their_limits) {
  EXPECT_EQ(with({.stride_y = 0}), "Attribute stride_y (0) is not within 1 and 65536.");
  EXPECT_EQ(with({.top = -5}), "Attribute pad_top (-5) is not within 0 and 65536.");
  EXPECT_EQ(with({.bottom = 65537}), "Attribute pad_bottom (65537) is not within 0 and 65536.");
  EXPECT_EQ(with({.bottom = 8, .mode = 1}), "Padding of 8 elements cannot be reflected from 8.");
  EXPECT_EQ(with({.left = 10, .mode = 1}), "Padding of 10 elements cannot be reflected from 10.");
}

TEST(Conv2d, refuses_a_window_that_does_not_fit) {
  Use use = valid();
  use.inputs[1] = weight({c(5), c(3), c(10), c(4)});
  EXPECT_EQ(verdict(kConv2d, use),
            "A window of 10 elements does not fit into 9, padding included.");
}

TEST(Conv2d, refuses_an_input_of_one_axis) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(3), c(80)});
  EXPECT_EQ(verdict(kConv2d, use), "input 0 has shape [T0, 3, 80]; 4 dimensions are expected.");
}

TEST(Conv2d, refuses_a_weight_of_one_axis) {
  Use use = valid();
  use.inputs[1] = weight({c(5), c(3), c(12)});
  EXPECT_EQ(verdict(kConv2d, use), "input 1 has shape [5, 3, 12]; 4 dimensions are expected.");
}

TEST(Conv2d, refuses_another_output_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(5), c(7), c(4)});
  EXPECT_EQ(verdict(kConv2d, use), "output 0 has shape [T0, 5, 7, 4]; [T0, 5, 4, 7] is expected.");
}

TEST(Conv2d, refuses_a_narrow_input) {
  Use use = valid();
  use.inputs[0].dtype = DType::f16;
  EXPECT_EQ(verdict(kConv2d, use), "input 0 is f16; f32 is expected.");
}

TEST(Conv2d, slides_down_and_to_the_right) {
  Call call;
  call.input({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  call.input({2, 1, 2, 2}, {1, 10, 100, 1000, 0, 0, 0, 1}).output({1, 2, 2, 2});
  for (const Attribute& one : attributes({})) call.attribute(one.id, one.value);
  ASSERT_TRUE(call.run(kConv2d));
  EXPECT_EQ(call.floats(), (Floats{5421, 6532, 8754, 9865, 5, 6, 8, 9}));
}

TEST(Conv2d, pads_each_side_by_itself) {
  const auto shown = [](std::int64_t mode) {
    Call call;
    call.input({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}).input({1, 1, 1, 1}, {1}).output({1, 1, 3, 3});
    const Places places = {.stride_x = 2, .top = 1, .left = 2, .right = 1, .mode = mode};
    for (const Attribute& one : attributes(places)) call.attribute(one.id, one.value);
    EXPECT_TRUE(call.run(kConv2d));
    return call.floats();
  };
  EXPECT_EQ(shown(0), (Floats{0, 0, 0, 0, 1, 3, 0, 4, 6}));
  EXPECT_EQ(shown(1), (Floats{6, 4, 6, 3, 1, 3, 6, 4, 6}));
}

}  // namespace
}  // namespace driftwood::ops::testing
