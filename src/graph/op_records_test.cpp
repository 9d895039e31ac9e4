#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "graph/test_support.h"

namespace driftwood::graph::testing {
namespace {

// The refusal after `size` bytes at an offset were set.
std::string with(std::size_t offset, std::uint64_t value, std::size_t size) {
  Bytes bytes = small_decoder().encode();
  put(bytes, offset, value, size);
  return refusal(bytes);
}

// Offsets in an op record and in an attribute record.
constexpr std::size_t kInputCount = 4, kOutputCount = 6, kAttributeCount = 8, kZero = 10;
constexpr std::size_t kKind = 4, kValue = 8;

TEST(OpRecords, refuses_unknown_numbers) {
  EXPECT_EQ(with(kOpsAt, 0, 4), "Op 0: there is no op of number 0.");
  EXPECT_EQ(with(kOpsAt + 16, 23, 4), "Op 1: there is no op of number 23.");
  EXPECT_EQ(with(kOpsAt + 16, 0xffffffff, 4), "Op 1: there is no op of number 4294967295.");
}

TEST(OpRecords, names_the_op_whose_rule_is_broken) {
  sdk::Program program;
  const auto x = program.window(sdk::DType::f32, {8, 128});
  const auto y = program.window(sdk::DType::f32, {8, 300});
  program.linear(x, program.weight("w", sdk::DType::f32, {300, 64}), y);
  EXPECT_EQ(refusal(program),
            "Op 0 (linear): input 1 has shape [300, 64]; 128 columns are expected.");
}

TEST(OpRecords, refuses_more_operands_than_there_are) {
  EXPECT_EQ(with(kOpsAt + kInputCount, 0xffff, 2),
            "Op 0 (gather_rows): it takes 65535 operands; 23 of the program's are left.");
  EXPECT_EQ(with(kOpsAt + 6 * 16 + kOutputCount, 2, 2),
            "Op 6 (attention): it takes 2 operands; 1 of the program's are left.");
}

TEST(OpRecords, refuses_operands_that_are_left_over) {
  EXPECT_EQ(with(kOpsAt + 6 * 16 + kOutputCount, 0, 2),
            "Op 6 (attention): There are 3 inputs and 0 outputs; 3 and 1 are expected.");
  Bytes bytes = small_decoder().encode();
  put_u32(bytes, 24, 6);  // the last op goes, its operands and attribute stay
  put_u32(bytes, 12, kEnd - 16);
  bytes.erase(bytes.begin() + kOpsAt + 6 * 16, bytes.begin() + kOpsAt + 7 * 16);
  EXPECT_EQ(refusal(bytes), "The program's ops use 19 of 23 operands and 2 of 3 attributes.");
}

TEST(OpRecords, refuses_unknown_tensors) {
  EXPECT_EQ(with(kOperandsAt, 15, 4), "Op 0 (gather_rows): it names tensor 15; there are 15.");
  EXPECT_EQ(with(kOperandsAt + 8, 0xffffffff, 4),
            "Op 0 (gather_rows): it names tensor 4294967295; there are 15.");
}

TEST(OpRecords, refuses_reserved_fields) {
  EXPECT_EQ(with(kOpsAt + kZero, 1, 2), "Op 0 (gather_rows): its reserved fields are not 0.");
  EXPECT_EQ(with(kOpsAt + kZero + 2, 1, 4), "Op 0 (gather_rows): its reserved fields are not 0.");
  EXPECT_EQ(with(kOpsAt + kZero + 5, 0x80, 1),
            "Op 0 (gather_rows): its reserved fields are not 0.");
}

TEST(OpRecords, refuses_more_attributes_than_there_are) {
  EXPECT_EQ(with(kOpsAt + 16 + kAttributeCount, 0xffff, 2),
            "Op 1 (rms_norm): it takes 65535 attributes; 3 of the program's are left.");
}

TEST(OpRecords, refuses_attributes_that_the_op_does_not_take) {
  EXPECT_EQ(with(kAttributesAt, 3, 4),
            "Op 1 (rms_norm): Attribute scale is not one that this op takes.");
  EXPECT_EQ(with(kAttributesAt, 0, 4),
            "Op 1 (rms_norm): Attribute number 0 is not one that this op takes.");
}

TEST(OpRecords, refuses_unknown_kinds_of_attributes) {
  EXPECT_EQ(with(kAttributesAt + kKind, 2, 4),
            "Op 1 (rms_norm): attribute 1 is of kind 2; 0 or 1 is expected.");
  EXPECT_EQ(with(kAttributesAt + kKind, 0, 4),
            "Op 1 (rms_norm): Attribute epsilon is an integer; a number is expected.");
}

TEST(OpRecords, refuses_numbers_that_are_not_finite) {
  for (const double value : {std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_EQ(with(kAttributesAt + kValue, std::bit_cast<std::uint64_t>(value), 8),
              "Op 1 (rms_norm): attribute 1 is not a finite number.");
  }
}

}  // namespace
}  // namespace driftwood::graph::testing
