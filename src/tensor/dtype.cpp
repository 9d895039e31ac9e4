#include "tensor/dtype.h"

#include <array>

#include "core/check.h"

namespace driftwood::tensor {
namespace {

struct Row {
  DType dtype;
  std::size_t size_bytes;
  std::string_view name;
  std::string_view safetensors_name;
};

// Row i is that of number i + 1.
constexpr std::array kRows = {
    Row{DType::f32, 4, "f32", "F32"},
    Row{DType::f16, 2, "f16", "F16"},
    Row{DType::bf16, 2, "bf16", "BF16"},
    Row{DType::f64, 8, "f64", "F64"},
    Row{DType::i8, 1, "i8", "I8"},
    Row{DType::i16, 2, "i16", "I16"},
    Row{DType::i32, 4, "i32", "I32"},
    Row{DType::i64, 8, "i64", "I64"},
    Row{DType::u8, 1, "u8", "U8"},
    Row{DType::u16, 2, "u16", "U16"},
    Row{DType::u32, 4, "u32", "U32"},
    Row{DType::u64, 8, "u64", "U64"},
    Row{DType::boolean, 1, "bool", "BOOL"},
    Row{DType::f8_e4m3, 1, "f8_e4m3", "F8_E4M3"},
    Row{DType::f8_e5m2, 1, "f8_e5m2", "F8_E5M2"},
};

const Row& row(DType dtype) {
  const std::size_t index = static_cast<std::size_t>(dtype) - 1;
  DW_CHECK(index < kRows.size() && kRows[index].dtype == dtype);
  return kRows[index];
}

}  // namespace

std::size_t size_bytes(DType dtype) {
  return row(dtype).size_bytes;
}

std::string_view safetensors_name(DType dtype) {
  return row(dtype).safetensors_name;
}

std::string_view name(DType dtype) {
  return row(dtype).name;
}

std::optional<DType> dtype_from_safetensors_name(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.safetensors_name == name) return row.dtype;
  }
  return std::nullopt;
}

std::optional<DType> dtype_from_number(std::uint32_t number) {
  if (number < 1 || number > kRows.size()) return std::nullopt;
  return static_cast<DType>(number);
}

}  // namespace driftwood::tensor
