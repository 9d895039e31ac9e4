#include <gtest/gtest.h>

#include <limits>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid(std::int64_t begin) {
  return {
      {temporary({kRows, c(3), c(4)})}, {temporary({kRows, c(5)})}, {{AttributeId::begin, begin}}};
}

TEST(Slice, accepts_what_it_is_for) {
  for (const std::int64_t begin : {0, 3, 7}) EXPECT_EQ(verdict(kSlice, valid(begin)), "");
  Use split = valid(4);
  split.outputs[0] = temporary({kRows, c(2), c(4)});
  EXPECT_EQ(verdict(kSlice, split), "");
}

TEST(Slice, refuses_columns_outside_the_row) {
  for (const std::int64_t begin :
       {std::int64_t{-1}, std::int64_t{8}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(verdict(kSlice, valid(begin)),
              "5 columns from column " + std::to_string(begin) + " are not within the 12 of x.");
  }
  Use wide = valid(0);
  wide.outputs[0] = temporary({kRows, c(13)});
  EXPECT_EQ(verdict(kSlice, wide), "13 columns from column 0 are not within the 12 of x.");
}

TEST(Slice, refuses_no_begin) {
  Use use = valid(0);
  use.attributes.clear();
  EXPECT_EQ(verdict(kSlice, use), "Attribute begin is missing.");
}

TEST(Slice, refuses_other_rows) {
  Use use = valid(0);
  use.outputs[0] = temporary({kOtherRows, c(5)});
  EXPECT_EQ(verdict(kSlice, use), "output 0 has shape [T1, 5]; T0 rows are expected.");
}

TEST(Slice, refuses_vectors) {
  Use use = valid(0);
  use.inputs[0] = temporary({c(12)});
  EXPECT_EQ(verdict(kSlice, use), "input 0 has shape [12]; at least 2 dimensions are expected.");
  use = valid(0);
  use.outputs[0] = temporary({c(5)});
  EXPECT_EQ(verdict(kSlice, use), "output 0 has shape [5]; at least 2 dimensions are expected.");
}

TEST(Slice, refuses_integers_and_weights) {
  Use use = valid(0);
  use.inputs[0].dtype = DType::i32;
  EXPECT_EQ(verdict(kSlice, use), "input 0 is i32; f32 is expected.");
  use = valid(0);
  use.outputs[0].place = Place::weight;
  EXPECT_TRUE(verdict(kSlice, use).starts_with("output 0 is a weight;"));
}

TEST(Slice, takes_the_same_columns_of_each_row) {
  Call call;
  call.input({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}).output({2, 2});
  call.attribute(AttributeId::begin, std::int64_t{1});
  ASSERT_TRUE(call.run(kSlice));
  EXPECT_EQ(call.floats(), (Floats{2, 3, 6, 7}));
}

}  // namespace
}  // namespace driftwood::ops::testing
