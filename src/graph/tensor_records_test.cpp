#include <gtest/gtest.h>

#include "graph/test_support.h"

namespace driftwood::graph::testing {
namespace {

// Tensors of small_decoder().
constexpr std::size_t kIds = 0, kPositions = 1, kTable = 3, kNorm = 4, kEmbedded = 7, kKeys = 12;

// Offsets in a tensor record.
constexpr std::size_t kDtype = 0, kRank = 4, kPlace = 8, kSlot = 12, kPlane = 16, kNameOffset = 20,
                      kNameBytes = 24, kZero = 28, kDims = 32;

// The refusal after one field of one tensor was set.
std::string with_field(std::size_t tensor, std::size_t offset, std::uint32_t value) {
  Bytes bytes = small_decoder().encode();
  put_u32(bytes, kTensorsAt + tensor * 64 + offset, value);
  return refusal(bytes);
}

TEST(SymbolRecords, refuses_a_maximum_of_0) {
  Bytes bytes = small_decoder().encode();
  put_u32(bytes, kSymbolsAt, 0);
  EXPECT_EQ(refusal(bytes), "Symbol 0 has maximum 0; at least 1 is expected.");
}

TEST(SymbolRecords, takes_eight_and_refuses_nine) {
  sdk::Program program;
  for (int i = 0; i < 8; ++i) program.symbol(0xffffffff);
  EXPECT_EQ(refusal(program), "");
  program.symbol(1);
  EXPECT_EQ(refusal(program), "The program header's symbol_count is 9; at most 8 is allowed.");
}

TEST(SymbolRecords, refuses_a_reserved_field) {
  Bytes bytes = small_decoder().encode();
  put_u32(bytes, kSymbolsAt + 4, 7);
  EXPECT_EQ(refusal(bytes), "Symbol 0: its reserved field is 7; 0 is expected.");
}

TEST(TensorRecords, refuses_unknown_dtypes) {
  EXPECT_EQ(with_field(kIds, kDtype, 0), "Tensor 0: its dtype is 0.");
  EXPECT_EQ(with_field(kIds, kDtype, 16), "Tensor 0: its dtype is 16.");
  EXPECT_EQ(with_field(kIds, kDtype, 0xffffffff), "Tensor 0: its dtype is 4294967295.");
}

TEST(TensorRecords, refuses_more_than_four_dimensions) {
  EXPECT_EQ(with_field(kIds, kRank, 5), "Tensor 0: its rank is 5; at most 4 is allowed.");
  EXPECT_EQ(with_field(kIds, kRank, 0xffffffff),
            "Tensor 0: its rank is 4294967295; at most 4 is allowed.");
}

TEST(TensorRecords, refuses_dimensions_beyond_the_rank) {
  EXPECT_EQ(with_field(kIds, kRank, 0),
            "Tensor 0: dimension 0 lies beyond its rank (0) and is not 0.");
  EXPECT_EQ(with_field(kIds, kDims + 8, 1),
            "Tensor 0: dimension 1 lies beyond its rank (1) and is not 0.");
  EXPECT_EQ(with_field(kIds, kDims + 28, 0xffffffff),
            "Tensor 0: dimension 3 lies beyond its rank (1) and is not 0.");
}

TEST(TensorRecords, refuses_a_factor_of_0) {
  EXPECT_EQ(with_field(kIds, kDims, 0),
            "Tensor 0: dimension 0 has factor 0; at least 1 is expected.");
  EXPECT_EQ(with_field(kIds, kRank, 2),
            "Tensor 0: dimension 1 has factor 0; at least 1 is expected.");
}

TEST(TensorRecords, refuses_unknown_symbols) {
  EXPECT_EQ(with_field(kIds, kDims + 4, 1), "Tensor 0: dimension 0 names symbol 1 of 1.");
  EXPECT_EQ(with_field(kIds, kDims + 4, 0xfffffffe), "Tensor 0: dimension 0 names symbol -2 of 1.");
  EXPECT_EQ(with_field(kIds, kDims + 4, 0x80000000),
            "Tensor 0: dimension 0 names symbol -2147483648 of 1.");
}

TEST(TensorRecords, refuses_unknown_places) {
  EXPECT_EQ(with_field(kIds, kPlace, 5), "Tensor 0: its place is 5; at most 4 is expected.");
  EXPECT_EQ(with_field(kIds, kPlace, 0xffffffff),
            "Tensor 0: its place is 4294967295; at most 4 is expected.");
}

TEST(TensorRecords, refuses_slots_beyond_their_count) {
  EXPECT_EQ(with_field(kPositions, kSlot, 3), "Tensor 1: its slot is 3; it has to be below 3.");
  EXPECT_EQ(with_field(kKeys, kSlot, 1), "Tensor 12: its slot is 1; it has to be below 1.");
  EXPECT_EQ(with_field(kEmbedded, kSlot, 1), "Tensor 7: its slot is 1; it has to be below 1.");
  EXPECT_EQ(with_field(kTable, kSlot, 0xffffffff),
            "Tensor 3: its slot is 4294967295; it has to be below 1.");
}

TEST(TensorRecords, refuses_planes_where_there_are_none) {
  EXPECT_EQ(with_field(kIds, kPlane, 1), "Tensor 0: its plane is 1; it has to be below 1.");
  EXPECT_EQ(with_field(kTable, kPlane, 1), "Tensor 3: its plane is 1; it has to be below 1.");
  EXPECT_EQ(with_field(kKeys, kPlane, 4096),
            "Tensor 12: its plane is 4096; it has to be below 4096.");
  EXPECT_EQ(with_field(kKeys, kPlane, 0xffffffff),
            "Tensor 12: its plane is 4294967295; it has to be below 4096.");
  EXPECT_EQ(with_field(kKeys, kPlane, 4095), "");
}

TEST(TensorRecords, refuses_register_slots_and_planes_beyond_their_count) {
  sdk::Program program;
  const sdk::Tensor x = program.window(sdk::DType::f32, {4});
  program.add(x, x, program.state_register(sdk::DType::f32, {4}).after);
  const auto with = [&](std::size_t offset, std::uint32_t value) {
    Bytes bytes = program.encode();
    put_u32(bytes, 64 + 2 * 64 + offset, value);  // the value after the run
    return refusal(bytes);
  };
  EXPECT_EQ(with(kSlot, 0), "");
  EXPECT_EQ(with(kSlot, 1), "Tensor 2: its slot is 1; it has to be below 1.");
  EXPECT_EQ(with(kPlane, 2), "Tensor 2: its plane is 2; it has to be below 2.");
}

TEST(TensorRecords, refuses_registers_of_symbolic_shape) {
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(4);
  program.state_register(sdk::DType::f32, {rows, 3});
  EXPECT_EQ(refusal(program),
            "Tensor 0: it is a register of shape [T0, 3]; that has to be constant.");
}

TEST(TensorRecords, refuses_a_reserved_field) {
  EXPECT_EQ(with_field(kIds, kZero, 5), "Tensor 0: its reserved field is 5; 0 is expected.");
}

TEST(TensorRecords, refuses_names_out_of_order_or_overlapping) {
  EXPECT_EQ(with_field(kNorm, kNameOffset, 4), "Tensor 4: its name starts at 4; 5 is expected.");
  EXPECT_EQ(with_field(kNorm, kNameOffset, 0), "Tensor 4: its name starts at 0; 5 is expected.");
  EXPECT_EQ(with_field(kNorm, kNameOffset, 6), "Tensor 4: its name starts at 6; 5 is expected.");
  EXPECT_EQ(with_field(kNorm, kNameBytes, 5), "Tensor 5: its name starts at 9; 10 is expected.");
}

TEST(TensorRecords, refuses_names_past_the_end) {
  EXPECT_EQ(with_field(kNorm, kNameBytes, 9),
            "Tensor 4: its name ends at 14; the names end at 13.");
  EXPECT_EQ(with_field(kNorm, kNameBytes, 0xffffffff),
            "Tensor 4: its name ends at 4294967300; the names end at 13.");
}

TEST(TensorRecords, refuses_names_that_nobody_uses) {
  Bytes bytes = small_decoder().encode();
  bytes.push_back('x');
  put_u32(bytes, 12, kEnd + 1);
  put_u32(bytes, 36, 14);
  EXPECT_EQ(refusal(bytes), "The program's names have 14 bytes; its tensors use 13 of them.");
}

TEST(TensorRecords, refuses_weights_without_a_name_and_others_with_one) {
  EXPECT_EQ(with_field(kNorm, kNameBytes, 0),
            "Tensor 4: its name has 0 bytes; weights have a name and other tensors none.");
  EXPECT_EQ(with_field(kIds, kNameBytes, 5),
            "Tensor 0: its name has 5 bytes; weights have a name and other tensors none.");
  EXPECT_EQ(with_field(kIds, kNameOffset, 1), "Tensor 0: its name starts at 1; 0 is expected.");
}

TEST(TensorRecords, refuses_names_that_are_not_utf8) {
  Bytes bytes = small_decoder().encode();
  bytes[kNamesAt] = 0xff;
  EXPECT_EQ(refusal(bytes), "Tensor 3: its name is not valid UTF-8.");
}

TEST(TensorRecords, refuses_symbolic_weights_and_planes) {
  EXPECT_EQ(with_field(kTable, kDims + 4, 0),
            "Tensor 3: it is a weight of shape [10*T0, 8]; that has to be constant.");
  EXPECT_EQ(
      with_field(kKeys, kDims + 12, 0),
      "Tensor 12: it is a state plane of shape [1, 4*T0]; a constant [heads, dim] is expected.");
}

TEST(TensorRecords, refuses_planes_of_another_rank) {
  sdk::Program program;
  const auto plane = program.state_plane(0, 0, sdk::DType::f32, 2, 4);
  Bytes bytes = program.encode();
  put_u32(bytes, 64 + plane.index * 64 + kRank, 1);
  put(bytes, 64 + plane.index * 64 + kDims + 8, 0, 8);
  EXPECT_EQ(refusal(bytes),
            "Tensor 0: it is a state plane of shape [2]; a constant [heads, dim] is expected.");
}

// One temporary of these dimensions and nothing else.
Result<std::shared_ptr<const Program>> of_shape(std::uint32_t symbol_maximum, sdk::DType dtype,
                                                std::uint32_t factor, std::uint32_t columns) {
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(symbol_maximum);
  program.temporary(dtype, {factor * rows, columns});
  return decode(program.encode());
}

TEST(TensorRecords, takes_tensors_up_to_the_limit_of_bytes) {
  EXPECT_TRUE(of_shape(1u << 20, sdk::DType::u8, 1u << 10, 1u << 10));
  EXPECT_TRUE(of_shape(1u << 20, sdk::DType::f32, 1, 1u << 18));
}

TEST(TensorRecords, refuses_tensors_over_the_limit_of_bytes) {
  const auto above = of_shape((1u << 20) + 1, sdk::DType::u8, 1u << 10, 1u << 10);
  ASSERT_FALSE(above);
  EXPECT_EQ(above.error().code(), ErrorCode::limit);
  EXPECT_EQ(above.error().message(),
            "Tensor 0: its shape [1024*T0, 1024] has more than 1099511627776 bytes at the symbols' "
            "maxima.");
  EXPECT_FALSE(of_shape(0xffffffff, sdk::DType::f32, 0xffffffff, 0xffffffff));
  EXPECT_FALSE(of_shape(0x80000000, sdk::DType::f32, 0x80000000, 4));  // 2^66 bytes
}

}  // namespace
}  // namespace driftwood::graph::testing
