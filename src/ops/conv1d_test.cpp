#include <gtest/gtest.h>

#include "ops/attributes.h"
#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

std::vector<Attribute> attributes(std::int64_t stride, std::int64_t left, std::int64_t right,
                                  std::int64_t mode) {
  return {{AttributeId::stride_x, stride},
          {AttributeId::pad_left, left},
          {AttributeId::pad_right, right},
          {AttributeId::padding_mode, mode}};
}

// [T0, 3, 10] with a window of 4, stride 2 and padding 1 and 3: 6 positions.
Use valid() {
  return {{temporary({kRows, c(3), c(10)}), weight({c(5), c(3), c(4)}), weight({c(5)})},
          {temporary({kRows, c(5), c(6)})},
          attributes(2, 1, 3, 0)};
}

std::string with_attributes(std::vector<Attribute> attributes) {
  Use use = valid();
  use.attributes = std::move(attributes);
  return verdict(kConv1d, use);
}

TEST(Conv1d, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kConv1d, valid()), "");
  Use no_bias = valid();
  no_bias.inputs.pop_back();
  EXPECT_EQ(verdict(kConv1d, no_bias), "");
  EXPECT_EQ(with_attributes(attributes(2, 1, 3, 1)), "");
}

TEST(Conv1d, refuses_a_missing_weight) {
  Use use = valid();
  use.inputs.resize(1);
  EXPECT_EQ(verdict(kConv1d, use), "There are 1 inputs and 1 outputs; 2 and 1 are expected.");
}

TEST(Conv1d, refuses_missing_and_other_attributes) {
  for (std::size_t i = 0; i < 4; ++i) {
    Use use = valid();
    const std::string name = attribute_name(use.attributes[i].id);
    use.attributes.erase(use.attributes.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(verdict(kConv1d, use), "Attribute " + name + " is missing.");
    use = valid();
    use.attributes[i].value = 1.0;
    EXPECT_EQ(verdict(kConv1d, use), "Attribute " + name + " is a number; an integer is expected.");
  }
  Use use = valid();
  use.attributes.push_back({AttributeId::stride_y, std::int64_t{1}});
  EXPECT_EQ(verdict(kConv1d, use), "Attribute stride_y is not one that this op takes.");
}

TEST(Conv1d, refuses_attributes_beyond_their_limits) {
  EXPECT_EQ(with_attributes(attributes(0, 1, 3, 0)),
            "Attribute stride_x (0) is not within 1 and 65536.");
  EXPECT_EQ(with_attributes(attributes(65537, 1, 3, 0)),
            "Attribute stride_x (65537) is not within 1 and 65536.");
  EXPECT_EQ(with_attributes(attributes(2, -1, 3, 0)),
            "Attribute pad_left (-1) is not within 0 and 65536.");
  EXPECT_EQ(with_attributes(attributes(2, 1, std::int64_t{1} << 62, 0)),
            "Attribute pad_right (4611686018427387904) is not within 0 and 65536.");
  EXPECT_EQ(with_attributes(attributes(2, 1, 3, 2)),
            "Attribute padding_mode (2) is not within 0 and 1.");
}

TEST(Conv1d, refuses_a_window_that_does_not_fit) {
  Use use = valid();
  use.inputs[1] = weight({c(5), c(3), c(15)});
  EXPECT_EQ(verdict(kConv1d, use),
            "A window of 15 elements does not fit into 14, padding included.");
}

TEST(Conv1d, refuses_a_padded_input_beyond_counting) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(3), c(0xffffffff)});
  EXPECT_EQ(verdict(kConv1d, use), "4294967299 elements, padding included, are over 4294967295.");
}

TEST(Conv1d, refuses_to_reflect_more_than_there_is) {
  EXPECT_EQ(with_attributes(attributes(1, 9, 10, 1)),
            "Padding of 10 elements cannot be reflected from 10.");
  EXPECT_EQ(with_attributes(attributes(1, 10, 0, 1)),
            "Padding of 10 elements cannot be reflected from 10.");
}

TEST(Conv1d, refuses_other_channels) {
  Use use = valid();
  use.inputs[1] = weight({c(5), c(2), c(4)});
  EXPECT_EQ(verdict(kConv1d, use), "input 1 has 2 channels; 3 are expected.");
}

TEST(Conv1d, refuses_another_bias) {
  Use use = valid();
  use.inputs[2] = weight({c(4)});
  EXPECT_EQ(verdict(kConv1d, use), "input 2 has shape [4]; [5] is expected.");
  use.inputs[2] = temporary({c(5)});
  EXPECT_EQ(verdict(kConv1d, use), "input 2 is a temporary; a weight is expected.");
}

TEST(Conv1d, refuses_another_input) {
  Use use = valid();
  use.inputs[0] = weight({c(2), c(3), c(10)});
  EXPECT_TRUE(verdict(kConv1d, use).starts_with("input 0 is a weight;"));
  use.inputs[0] = temporary({kRows, c(3), kOtherRows});
  EXPECT_EQ(verdict(kConv1d, use),
            "input 0 has shape [T0, 3, T1]; dimension 2 has to be constant.");
  use.inputs[0] = temporary({kRows, c(30)});
  EXPECT_EQ(verdict(kConv1d, use), "input 0 has shape [T0, 30]; 3 dimensions are expected.");
}

TEST(Conv1d, refuses_another_output_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(5), c(7)});
  EXPECT_EQ(verdict(kConv1d, use), "output 0 has shape [T0, 5, 7]; [T0, 5, 6] is expected.");
}

TEST(Conv1d, adds_the_products_of_all_channels_and_the_bias) {
  Call call;
  call.input({2, 2, 3}, {1, 2, 3, 10, 20, 30, 0, 0, 1, 0, 0, 0});
  call.input({1, 2, 2}, {1, 2, 3, 4}).input({1}, {0.5}, DType::bf16).output({2, 1, 2});
  for (const Attribute& one : attributes(1, 0, 0, 0)) call.attribute(one.id, one.value);
  ASSERT_TRUE(call.run(kConv1d));
  EXPECT_EQ(call.floats(), (Floats{1 + 4 + 30 + 80 + 0.5, 2 + 6 + 60 + 120 + 0.5, 0.5, 2.5}));
}

TEST(Conv1d, pads_with_zeros_or_its_mirror) {
  // A window of one element shows what lies there.
  const auto shown = [](std::int64_t stride, std::int64_t mode, std::uint64_t count) {
    Call call;
    call.input({1, 1, 4}, {1, 2, 3, 4}).input({1, 1, 1}, {1}).output({1, 1, count});
    for (const Attribute& one : attributes(stride, 2, 3, mode)) call.attribute(one.id, one.value);
    EXPECT_TRUE(call.run(kConv1d));
    return call.floats();
  };
  EXPECT_EQ(shown(1, 0, 9), (Floats{0, 0, 1, 2, 3, 4, 0, 0, 0}));
  EXPECT_EQ(shown(1, 1, 9), (Floats{3, 2, 1, 2, 3, 4, 3, 2, 1}));
  EXPECT_EQ(shown(3, 1, 3), (Floats{3, 2, 3}));
}

}  // namespace
}  // namespace driftwood::ops::testing
