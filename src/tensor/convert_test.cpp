#include "tensor/convert.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace driftwood::tensor {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Convert, every_bf16_comes_back) {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const float value = float_from_bf16(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(float_from_bf16(bf16_from_float(value))));
    } else {
      ASSERT_EQ(bf16_from_float(value), bits);
    }
  }
}

TEST(Convert, every_f16_comes_back) {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const float value = float_from_f16(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(float_from_f16(f16_from_float(value))));
    } else {
      ASSERT_EQ(f16_from_float(value), bits);
    }
  }
}

TEST(Convert, f16_values_are_those_of_the_format) {
  EXPECT_EQ(float_from_f16(0x3c00), 1.0f);
  EXPECT_EQ(float_from_f16(0xc000), -2.0f);
  EXPECT_EQ(float_from_f16(0x7bff), 65504.0f);
  EXPECT_EQ(float_from_f16(0x0400), 0x1p-14f);
  EXPECT_EQ(float_from_f16(0x0001), 0x1p-24f);
  EXPECT_EQ(float_from_f16(0x7c00), kInfinity);
  EXPECT_TRUE(std::isnan(float_from_f16(0x7c01)));
  EXPECT_TRUE(std::signbit(float_from_f16(0x8000)));
}

// Between each pair of neighbours: the middle goes to the even one, and a step beside it to the
// nearer one.
template <typename ToFloat, typename FromFloat>
void expect_rounding(std::uint16_t last_finite, ToFloat to_float, FromFloat from_float) {
  for (std::uint32_t bits = 0; bits < last_finite; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits), high = static_cast<std::uint16_t>(bits + 1);
    const float middle = to_float(low) / 2 + to_float(high) / 2;
    if (middle == to_float(low) || middle == to_float(high)) continue;  // below f32's own steps
    ASSERT_EQ(from_float(middle), low % 2 == 0 ? low : high) << bits;
    ASSERT_EQ(from_float(-middle), (low % 2 == 0 ? low : high) | 0x8000) << bits;
    ASSERT_EQ(from_float(std::nextafter(middle, 0.0f)), low) << bits;
    ASSERT_EQ(from_float(std::nextafter(middle, kInfinity)), high) << bits;
  }
}

TEST(Convert, bf16_rounds_to_nearest_ties_to_even) {
  expect_rounding(0x7f7f, float_from_bf16, bf16_from_float);
}

TEST(Convert, f16_rounds_to_nearest_ties_to_even) {
  expect_rounding(0x7bff, float_from_f16, f16_from_float);
}

TEST(Convert, what_is_too_large_becomes_infinite) {
  EXPECT_EQ(f16_from_float(std::nextafter(65520.0f, 0.0f)), 0x7bff);
  EXPECT_EQ(f16_from_float(65520.0f), 0x7c00);
  EXPECT_EQ(f16_from_float(-kInfinity), 0xfc00);
  EXPECT_EQ(bf16_from_float(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(bf16_from_float(-kInfinity), 0xff80);
}

TEST(Convert, nan_stays_nan) {
  for (const std::uint32_t bits : {0x7f800001u, 0x7fc00000u, 0xffffffffu, 0x7f80ffffu}) {
    const float value = std::bit_cast<float>(bits);
    EXPECT_TRUE(std::isnan(float_from_bf16(bf16_from_float(value))));
    EXPECT_TRUE(std::isnan(float_from_f16(f16_from_float(value))));
  }
}

TEST(Convert, elements_are_stored_and_loaded) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
    std::vector<std::byte> bytes(3 * size_bytes(dtype));
    for (std::uint64_t i = 0; i < 3; ++i) {
      store_float(dtype, bytes, i, 1.5f * static_cast<float>(i));
    }
    for (std::uint64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(load_float(dtype, bytes, i), 1.5f * static_cast<float>(i));
    }
  }
  std::vector<std::byte> bytes(8);
  store_i32(bytes, 1, -7);
  EXPECT_EQ(load_i32(bytes, 1), -7);
  EXPECT_EQ(load_i32(bytes, 0), 0);
}

TEST(Convert, only_three_dtypes_are_floats_here) {
  for (std::uint32_t number = 1; number <= 15; ++number) {
    EXPECT_EQ(is_float(*dtype_from_number(number)), number <= 3) << number;
  }
}

}  // namespace
}  // namespace driftwood::tensor
