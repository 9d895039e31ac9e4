// Elements read and written one at a time, whatever their dtype. For references, tests and other
// places where clearness counts and speed does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace driftwood::tensor {

// bf16 and f16 to f32 is exact. The way back rounds to nearest, ties to even; what is too large
// becomes infinite, NaN stays NaN.
float float_from_bf16(std::uint16_t bits);
std::uint16_t bf16_from_float(float value);
float float_from_f16(std::uint16_t bits);
std::uint16_t f16_from_float(float value);

// Whether the two functions below take this dtype: f32, bf16 and f16.
bool is_float(DType dtype);

// Element i of a row-major tensor of a float dtype. Preconditions: is_float(dtype), i is inside.
float load_float(DType dtype, std::span<const std::byte> bytes, std::uint64_t i);
void store_float(DType dtype, std::span<std::byte> bytes, std::uint64_t i, float value);

// Element i of an i32 tensor. Precondition: i is inside.
std::int32_t load_i32(std::span<const std::byte> bytes, std::uint64_t i);
void store_i32(std::span<std::byte> bytes, std::uint64_t i, std::int32_t value);

}  // namespace driftwood::tensor
