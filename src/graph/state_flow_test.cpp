#include "graph/state_flow.h"

#include <gtest/gtest.h>

#include "graph/test_support.h"

namespace driftwood::graph::testing {
namespace {

using sdk::DType;

// Rows to append, [T0, 2, 4] in window slot 0.
struct Recorder {
  sdk::Program program;
  sdk::Symbol rows = program.symbol(8);
  sdk::Tensor x = program.window(DType::f32, {rows, 2, 4});

  sdk::Tensor plane(std::uint32_t plane, std::uint32_t slot = 0) {
    return program.state_plane(slot, plane, DType::f32, 2, 4);
  }
};

TEST(StateFlow, finds_the_shape_of_each_slot) {
  Recorder r;
  r.program.append_rows(r.x, r.plane(6));
  r.program.append_rows(r.x, r.plane(0));
  r.program.append_rows(r.x, r.program.state_plane(1, 1, DType::f16, 2, 4));
  const auto program = decode(r.program.encode());
  ASSERT_TRUE(program) << program.error().message();
  ASSERT_EQ((*program)->states.size(), 2u);
  EXPECT_EQ((*program)->states[0].plane_count, 7u);
  EXPECT_EQ((*program)->states[1].plane_count, 2u);
  EXPECT_EQ((*program)->states[1].dtype, tensor::DType::f16);
}

TEST(StateFlow, refuses_slots_that_nobody_uses) {
  Recorder r;
  r.program.append_rows(r.x, r.plane(0, 1));
  EXPECT_EQ(refusal(r.program), "State slot 0 of 2 is used by no tensor.");
}

TEST(StateFlow, refuses_slots_that_nobody_appends_to) {
  Recorder r;
  r.plane(0);
  EXPECT_EQ(refusal(r.program), "State slot 0 is appended to by no op.");
}

TEST(StateFlow, refuses_planes_of_two_dtypes_in_one_slot) {
  Recorder r;
  r.plane(0);
  r.program.state_plane(0, 1, DType::bf16, 2, 4);
  EXPECT_EQ(refusal(r.program),
            "Tensor 2 is a plane of state slot 0 in bf16 of shape [2, 4]; another one is in f32 of "
            "shape [2, 4].");
}

TEST(StateFlow, refuses_planes_of_two_shapes_in_one_slot) {
  for (const auto [heads, dim] : {std::pair{1, 4}, std::pair{2, 5}}) {
    Recorder r;
    r.plane(0);
    r.program.state_plane(0, 1, DType::f32, static_cast<std::uint32_t>(heads),
                          static_cast<std::uint32_t>(dim));
    EXPECT_EQ(refusal(r.program), "Tensor 2 is a plane of state slot 0 in f32 of shape [" +
                                      std::to_string(heads) + ", " + std::to_string(dim) +
                                      "]; another one is in f32 of shape [2, 4].");
  }
}

TEST(StateFlow, refuses_to_append_to_a_plane_twice) {
  Recorder r;
  r.program.append_rows(r.x, r.plane(3));
  r.program.append_rows(r.x, r.plane(3));  // another tensor, the same plane
  EXPECT_EQ(refusal(r.program), "Op 1 (append_rows): it appends to plane 3 of state slot 0 again.");
}

TEST(StateFlow, refuses_different_numbers_of_rows_in_one_slot) {
  Recorder r;
  r.program.append_rows(r.x, r.plane(0));
  const auto other = r.program.symbol(8);
  r.program.append_rows(r.program.window(DType::f32, {other, 2, 4}), r.plane(1));
  EXPECT_EQ(refusal(r.program),
            "Op 1 (append_rows): it appends T1 rows to state slot 0; other ops append T0 to it.");
}

TEST(StateFlow, takes_different_numbers_of_rows_in_two_slots) {
  Recorder r;
  r.program.append_rows(r.x, r.plane(0));
  const auto other = r.program.symbol(8);
  r.program.append_rows(r.program.window(DType::f32, {other, 2, 4}), r.plane(0, 1));
  EXPECT_EQ(refusal(r.program), "");
}

TEST(StateFlow, refuses_to_read_a_plane_that_is_never_appended_to) {
  Recorder r;
  const auto keys = r.plane(0), values = r.plane(1);
  r.program.append_rows(r.x, keys);
  r.program.attention(r.x, keys, values, 1.0);
  EXPECT_EQ(refusal(r.program),
            "Op 1 (attention): it reads plane 1 of state slot 0 before an op has appended to it.");
}

TEST(StateFlow, refuses_to_append_after_reading) {
  Recorder r;
  const auto keys = r.plane(0), values = r.plane(1);
  r.program.append_rows(r.x, values);
  r.program.attention(r.x, keys, values, 1.0);
  r.program.append_rows(r.x, keys);
  EXPECT_EQ(refusal(r.program),
            "Op 1 (attention): it reads plane 0 of state slot 0 before an op has appended to it.");
}

TEST(StateFlow, refuses_another_number_of_query_rows) {
  Recorder r;
  const auto keys = r.plane(0);
  r.program.append_rows(r.x, keys);
  const auto other = r.program.symbol(8);
  r.program.attention(r.program.window(DType::f32, {other, 2, 4}), keys, keys, 1.0);
  EXPECT_EQ(refusal(r.program),
            "Op 1 (attention): it has T1 query rows; the run appends T0 to state slot 0.");
}

TEST(StateFlow, takes_keys_that_are_values_too) {
  Recorder r;
  const auto keys = r.plane(0);
  r.program.append_rows(r.x, keys);
  r.program.attention(r.x, keys, keys, 1.0);
  EXPECT_EQ(refusal(r.program), "");
}

}  // namespace
}  // namespace driftwood::graph::testing
