#include <gtest/gtest.h>

#include "ops/attributes.h"
#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

std::vector<Attribute> attributes(std::int64_t pooling, std::int64_t window_y,
                                  std::int64_t window_x, std::int64_t stride_y,
                                  std::int64_t stride_x) {
  return {{AttributeId::pooling, pooling},
          {AttributeId::window_y, window_y},
          {AttributeId::window_x, window_x},
          {AttributeId::stride_y, stride_y},
          {AttributeId::stride_x, stride_x}};
}

Use valid() {
  return {{temporary({kRows, c(3), c(5), c(8)})},
          {temporary({kRows, c(3), c(2), c(3)})},
          attributes(0, 2, 3, 3, 2)};
}

std::string with_attributes(std::vector<Attribute> attributes) {
  Use use = valid();
  use.attributes = std::move(attributes);
  return verdict(kPool2d, use);
}

TEST(Pool2d, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kPool2d, valid()), "");
  EXPECT_EQ(with_attributes(attributes(1, 2, 3, 3, 2)), "");
}

TEST(Pool2d, refuses_a_second_input) {
  Use use = valid();
  use.inputs.push_back(use.inputs[0]);
  EXPECT_EQ(verdict(kPool2d, use), "There are 2 inputs and 1 outputs; 1 and 1 are expected.");
}

TEST(Pool2d, refuses_missing_attributes) {
  for (std::size_t i = 0; i < 5; ++i) {
    Use use = valid();
    const std::string name = attribute_name(use.attributes[i].id);
    use.attributes.erase(use.attributes.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(verdict(kPool2d, use), "Attribute " + name + " is missing.");
  }
}

TEST(Pool2d, refuses_attributes_beyond_their_limits) {
  EXPECT_EQ(with_attributes(attributes(2, 2, 3, 3, 2)),
            "Attribute pooling (2) is not within 0 and 1.");
  EXPECT_EQ(with_attributes(attributes(0, 0, 3, 3, 2)),
            "Attribute window_y (0) is not within 1 and 65536.");
  EXPECT_EQ(with_attributes(attributes(0, 2, 3, 3, -1)),
            "Attribute stride_x (-1) is not within 1 and 65536.");
}

TEST(Pool2d, refuses_a_window_that_does_not_fit) {
  EXPECT_EQ(with_attributes(attributes(0, 6, 3, 3, 2)),
            "A window of 6 elements does not fit into 5, padding included.");
}

TEST(Pool2d, refuses_a_window_that_takes_too_long) {
  Use use = {{temporary({kRows, c(1), c(257), c(256)})}, {}, attributes(0, 257, 256, 1, 1)};
  use.outputs = {temporary({kRows, c(1), c(1), c(1)})};
  EXPECT_EQ(verdict(kPool2d, use), "A window of 65792 elements is over the limit of 65536.");
}

TEST(Pool2d, refuses_another_input) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(3), c(5)});
  EXPECT_EQ(verdict(kPool2d, use), "input 0 has shape [T0, 3, 5]; 4 dimensions are expected.");
  use.inputs[0] = temporary({c(2), c(3), kRows, c(8)});
  EXPECT_EQ(verdict(kPool2d, use),
            "input 0 has shape [2, 3, T0, 8]; dimension 2 has to be constant.");
}

TEST(Pool2d, refuses_another_output_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(3), c(2), c(4)});
  EXPECT_EQ(verdict(kPool2d, use), "output 0 has shape [T0, 3, 2, 4]; [T0, 3, 2, 3] is expected.");
}

TEST(Pool2d, takes_the_largest_or_the_mean) {
  for (const std::int64_t pooling : {0, 1}) {
    Call call;
    call.input({1, 2, 2, 3}, {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6}).output({1, 2, 1, 2});
    for (const Attribute& one : attributes(pooling, 2, 2, 2, 1)) call.attribute(one.id, one.value);
    ASSERT_TRUE(call.run(kPool2d));
    EXPECT_EQ(call.floats(), pooling == 0 ? (Floats{5, 6, -1, -2}) : (Floats{3, 4, -3, -4}));
  }
}

}  // namespace
}  // namespace driftwood::ops::testing
