// Element types. The numbers are part of the program encoding and of the guest ABI and are never
// reused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace driftwood::tensor {

enum class DType : std::uint32_t {
  f32 = 1,
  f16 = 2,   // IEEE binary16
  bf16 = 3,  // the upper half of an f32
  f64 = 4,
  i8 = 5,
  i16 = 6,
  i32 = 7,
  i64 = 8,
  u8 = 9,
  u16 = 10,
  u32 = 11,
  u64 = 12,
  boolean = 13,  // one byte, 0 or 1
  f8_e4m3 = 14,
  f8_e5m2 = 15,
};

// Bytes of one element.
std::size_t size_bytes(DType dtype);

// The name in safetensors files: "F32", "BF16", "BOOL", ...
std::string_view safetensors_name(DType dtype);

// The dtype of a safetensors name; nothing for a name that is not known.
std::optional<DType> dtype_from_safetensors_name(std::string_view name);

// "f32", "bf16", ... as used in options and messages.
std::string_view name(DType dtype);

// The dtype with this number; nothing if there is none.
std::optional<DType> dtype_from_number(std::uint32_t number);

}  // namespace driftwood::tensor
