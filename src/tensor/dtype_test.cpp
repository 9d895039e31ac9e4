#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace driftwood::tensor {
namespace {

constexpr std::uint32_t kCount = 15;

TEST(DType, numbers_are_those_of_the_stored_encoding) {
  EXPECT_EQ(dtype_from_number(1), DType::f32);
  EXPECT_EQ(dtype_from_number(2), DType::f16);
  EXPECT_EQ(dtype_from_number(3), DType::bf16);
  EXPECT_EQ(dtype_from_number(4), DType::f64);
  EXPECT_EQ(dtype_from_number(5), DType::i8);
  EXPECT_EQ(dtype_from_number(6), DType::i16);
  EXPECT_EQ(dtype_from_number(7), DType::i32);
  EXPECT_EQ(dtype_from_number(8), DType::i64);
  EXPECT_EQ(dtype_from_number(9), DType::u8);
  EXPECT_EQ(dtype_from_number(10), DType::u16);
  EXPECT_EQ(dtype_from_number(11), DType::u32);
  EXPECT_EQ(dtype_from_number(12), DType::u64);
  EXPECT_EQ(dtype_from_number(13), DType::boolean);
  EXPECT_EQ(dtype_from_number(14), DType::f8_e4m3);
  EXPECT_EQ(dtype_from_number(15), DType::f8_e5m2);
}

TEST(DType, other_numbers_are_no_dtypes) {
  for (const std::uint32_t number : {0u, kCount + 1, 255u, 0x8000'0001u, 0xFFFF'FFFFu}) {
    EXPECT_EQ(dtype_from_number(number), std::nullopt) << number;
  }
}

TEST(DType, sizes_are_those_that_the_names_say) {
  for (std::uint32_t number = 1; number <= kCount; ++number) {
    const DType dtype = *dtype_from_number(number);
    const std::string text(safetensors_name(dtype));
    std::size_t expected = 1;
    for (const char* bits : {"16", "32", "64"}) {
      if (text.ends_with(bits)) expected = static_cast<std::size_t>(std::stoi(bits)) / 8;
    }
    EXPECT_EQ(size_bytes(dtype), expected) << text;
  }
}

TEST(DType, safetensors_names_go_there_and_back) {
  std::set<std::string_view> names, safetensors_names;
  for (std::uint32_t number = 1; number <= kCount; ++number) {
    const DType dtype = *dtype_from_number(number);
    EXPECT_EQ(dtype_from_safetensors_name(safetensors_name(dtype)), dtype);
    names.insert(name(dtype));
    safetensors_names.insert(safetensors_name(dtype));
  }
  EXPECT_EQ(names.size(), kCount);
  EXPECT_EQ(safetensors_names.size(), kCount);
}

TEST(DType, safetensors_names_are_spelt_as_the_format_spells_them) {
  EXPECT_EQ(safetensors_name(DType::f32), "F32");
  EXPECT_EQ(safetensors_name(DType::bf16), "BF16");
  EXPECT_EQ(safetensors_name(DType::boolean), "BOOL");
  EXPECT_EQ(safetensors_name(DType::u64), "U64");
  EXPECT_EQ(safetensors_name(DType::f8_e4m3), "F8_E4M3");
}

TEST(DType, other_safetensors_names_are_no_dtypes) {
  for (const char* text :
       {"", "F", "f32", "F32 ", " F32", "F322", "BF", "bool", "I4", "F8", "C64"}) {
    EXPECT_EQ(dtype_from_safetensors_name(text), std::nullopt) << text;
  }
  EXPECT_EQ(dtype_from_safetensors_name(std::string_view("F32\0", 4)), std::nullopt);
}

TEST(DTypeDeathTest, unchecked_number_is_a_fault_of_the_host) {
  EXPECT_DEATH((void)size_bytes(static_cast<DType>(0)), "does not hold");
  EXPECT_DEATH((void)name(static_cast<DType>(kCount + 1)), "does not hold");
}

}  // namespace
}  // namespace driftwood::tensor
