#include <gtest/gtest.h>

#include <cmath>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(300)}), temporary({kRows, c(2)}, DType::i32)},
          {temporary({kRows, c(256)}, DType::i32), temporary({kRows, c(256)}), temporary({kRows}),
           temporary({kRows, c(2)})}};
}

TEST(TopLogits, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kTopLogits, valid()), "");
}

TEST(TopLogits, refuses_a_missing_output) {
  Use use = valid();
  use.outputs.pop_back();
  EXPECT_EQ(verdict(kTopLogits, use), "There are 2 inputs and 3 outputs; 2 and 4 are expected.");
}

TEST(TopLogits, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kTopLogits, use), "Attribute scale is not one that this op takes.");
}

TEST(TopLogits, refuses_narrow_logits) {
  Use use = valid();
  use.inputs[0].dtype = DType::bf16;
  EXPECT_EQ(verdict(kTopLogits, use), "input 0 is bf16; f32 is expected.");
}

TEST(TopLogits, refuses_a_symbolic_vocabulary) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, kOtherRows});
  EXPECT_EQ(verdict(kTopLogits, use),
            "input 0 has shape [T0, T1]; dimension 1 has to be constant.");
}

TEST(TopLogits, refuses_ids_of_one_dimension) {
  Use use = valid();
  use.inputs[1] = temporary({kRows}, DType::i32);
  EXPECT_EQ(verdict(kTopLogits, use), "input 1 has shape [T0]; 2 dimensions are expected.");
}

TEST(TopLogits, refuses_ids_of_other_rows) {
  Use use = valid();
  use.inputs[1] = temporary({c(3), c(2)}, DType::i32);
  EXPECT_EQ(verdict(kTopLogits, use), "input 1 has shape [3, 2]; [T0, 2] is expected.");
}

TEST(TopLogits, refuses_a_symbolic_count_of_ids) {
  Use use = valid();
  use.inputs[1] = temporary({kRows, kOtherRows}, DType::i32);
  EXPECT_EQ(verdict(kTopLogits, use),
            "input 1 has shape [T0, T1]; dimension 1 has to be constant.");
}

TEST(TopLogits, refuses_best_ids_that_are_floats) {
  Use use = valid();
  use.outputs[0].dtype = DType::f32;
  EXPECT_EQ(verdict(kTopLogits, use), "output 0 is f32; i32 is expected.");
}

TEST(TopLogits, refuses_best_ids_of_other_rows) {
  Use use = valid();
  use.outputs[0] = temporary({kOtherRows, c(256)}, DType::i32);
  EXPECT_EQ(verdict(kTopLogits, use), "output 0 has shape [T1, 256]; [T0, 256] is expected.");
}

TEST(TopLogits, refuses_more_than_256) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(257)}, DType::i32);
  EXPECT_EQ(verdict(kTopLogits, use), "output 0 has 257 ids a row; at most 256 are expected.");
}

TEST(TopLogits, refuses_more_than_there_are) {
  Use use = valid();
  use.inputs[0] = temporary({kRows, c(255)});
  EXPECT_EQ(verdict(kTopLogits, use), "output 0 has 256 ids a row; at most 255 are expected.");
}

TEST(TopLogits, refuses_another_count_of_best_logits) {
  Use use = valid();
  use.outputs[1] = temporary({kRows, c(255)});
  EXPECT_EQ(verdict(kTopLogits, use), "output 1 has shape [T0, 255]; [T0, 256] is expected.");
}

TEST(TopLogits, refuses_a_log_sum_exp_of_two_dimensions) {
  Use use = valid();
  use.outputs[2] = temporary({kRows, c(1)});
  EXPECT_EQ(verdict(kTopLogits, use), "output 2 has shape [T0, 1]; 1 dimensions are expected.");
}

TEST(TopLogits, refuses_another_count_of_given_logits) {
  Use use = valid();
  use.outputs[3] = temporary({kRows, c(1)});
  EXPECT_EQ(verdict(kTopLogits, use), "output 3 has shape [T0, 1]; [T0, 2] is expected.");
}

Call top_of(const std::vector<float>& logits, std::uint64_t best, std::int32_t id) {
  Call call;
  call.input({1, logits.size()}, logits).input_i32({1, 1}, {id});
  call.output({1, best}, DType::i32).output({1, best}).output({1}).output({1, 1});
  return call;
}

TEST(TopLogits, gives_the_best_the_lower_id_first) {
  Call call = top_of({1, 3, 2, 3, -7}, 3, 4);
  ASSERT_TRUE(call.run(kTopLogits));
  EXPECT_EQ(call.i32s(0), (std::vector<std::int32_t>{1, 3, 2}));
  EXPECT_EQ(call.floats(1), (Floats{3, 3, 2}));
  EXPECT_EQ(call.floats(3), (Floats{-7}));
}

TEST(TopLogits, sums_without_overflow) {
  Call call = top_of({1000, 1000}, 1, 0);
  ASSERT_TRUE(call.run(kTopLogits));
  EXPECT_FLOAT_EQ(call.floats(2)[0], static_cast<float>(1000 + std::log(2.0)));
}

TEST(TopLogits, refuses_nan) {
  Call call = top_of({1, std::nanf(""), 2}, 1, 0);
  const auto run = call.run(kTopLogits);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().message(), "Logit 1 of row 0 is not a number.");
}

TEST(TopLogits, refuses_ids_outside_the_vocabulary) {
  for (const std::int32_t id : {2, -1}) {
    Call call = top_of({1, 2}, 1, id);
    const auto run = call.run(kTopLogits);
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().message(),
              "Index " + std::to_string(id) + " (entry 0) is outside 0 to 2 (exclusive).");
  }
}

}  // namespace
}  // namespace driftwood::ops::testing
