#include "ops/op_list.h"

#include <gtest/gtest.h>

namespace driftwood::ops {
namespace {

TEST(OpList, ascends_and_is_found_by_number) {
  std::uint32_t last = 0;
  for (const OpDefinition* op : all_ops()) {
    const auto number = static_cast<std::uint32_t>(op->number);
    EXPECT_GT(number, last);
    EXPECT_EQ(find_op(number), op);
    EXPECT_FALSE(op->name.empty());
    last = number;
  }
}

TEST(OpList, keeps_its_numbers) {
  constexpr std::string_view kNames[] = {"matmul",    "gather_rows", "rms_norm",       "linear",
                                         "rope",      "append_rows", "attention",      "swiglu",
                                         "add",       "select_rows", "top_logits",     "conv1d",
                                         "conv2d",    "pool2d",      "channel_affine", "layer_norm",
                                         "unary",     "softmax",     "multiply",       "slice",
                                         "lstm_cell", "convert"};
  ASSERT_EQ(all_ops().size(), std::size(kNames));
  for (std::uint32_t i = 0; i < std::size(kNames); ++i) EXPECT_EQ(find_op(i + 1)->name, kNames[i]);
}

TEST(OpList, knows_no_other_numbers) {
  for (const std::uint32_t number : {0u, 23u, 0xffffffffu}) EXPECT_EQ(find_op(number), nullptr);
}

}  // namespace
}  // namespace driftwood::ops
