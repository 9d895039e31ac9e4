#include "tensor/convert.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "core/check.h"

namespace driftwood::tensor {
namespace {

template <typename T>
T load(std::span<const std::byte> bytes, std::uint64_t i) {
  T value;
  DW_CHECK(i < bytes.size() / sizeof(T));
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
void store(std::span<std::byte> bytes, std::uint64_t i, T value) {
  DW_CHECK(i < bytes.size() / sizeof(T));
  std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
}

}  // namespace

float float_from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

std::uint16_t bf16_from_float(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  // A NaN whose payload lies in the lower half would otherwise become an infinity.
  if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  const std::uint32_t half_less_odd = 0x7fff + (bits >> 16 & 1);
  return static_cast<std::uint16_t>((bits + half_less_odd) >> 16);
}

float float_from_f16(std::uint16_t bits) {
  const bool negative = bits >> 15;
  const int exponent = bits >> 10 & 0x1f;
  const int fraction = bits & 0x3ff;
  float magnitude;
  if (exponent == 0x1f) {
    magnitude = std::bit_cast<float>(0x7f800000u | static_cast<std::uint32_t>(fraction) << 13);
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(0x400 + fraction), exponent - 25);
  }
  return negative ? -magnitude : magnitude;
}

std::uint16_t f16_from_float(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
  if (std::isnan(value)) return sign | 0x7e00 | static_cast<std::uint16_t>(bits >> 13 & 0x1ff);
  const float magnitude = std::fabs(value);
  // The first value that rounds to infinity: halfway between the largest f16 and the step above it.
  if (magnitude >= 65520.0f) return sign | 0x7c00;
  // One unit of the last place: 2^-24 among the subnormals, otherwise the fraction has 10 bits.
  const int exponent = magnitude < 0x1p-14f ? -14 : std::ilogb(magnitude);
  // Exact, and below 2^11, so that adding and subtracting 2^23 rounds to nearest, ties to even.
  const float units = std::ldexp(magnitude, 10 - exponent);
  const auto rounded = static_cast<std::uint32_t>(units + 0x1p23f - 0x1p23f);
  // A carry out of the fraction moves into the exponent, which is what the encoding wants; the
  // implicit leading 1 of a normal number is the 0x400 that `rounded` brings along.
  return static_cast<std::uint16_t>(sign + (static_cast<std::uint32_t>(exponent + 14) << 10) +
                                    rounded);
}

bool is_float(DType dtype) {
  return dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f16;
}

float load_float(DType dtype, std::span<const std::byte> bytes, std::uint64_t i) {
  DW_CHECK(is_float(dtype));
  if (dtype == DType::bf16) return float_from_bf16(load<std::uint16_t>(bytes, i));
  if (dtype == DType::f16) return float_from_f16(load<std::uint16_t>(bytes, i));
  return load<float>(bytes, i);
}

void store_float(DType dtype, std::span<std::byte> bytes, std::uint64_t i, float value) {
  DW_CHECK(is_float(dtype));
  if (dtype == DType::bf16) return store(bytes, i, bf16_from_float(value));
  if (dtype == DType::f16) return store(bytes, i, f16_from_float(value));
  store(bytes, i, value);
}

std::int32_t load_i32(std::span<const std::byte> bytes, std::uint64_t i) {
  return load<std::int32_t>(bytes, i);
}

void store_i32(std::span<std::byte> bytes, std::uint64_t i, std::int32_t value) {
  store(bytes, i, value);
}

}  // namespace driftwood::tensor
