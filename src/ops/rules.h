// The words in which the ops' rules are written: what an operand is expected to be. Each function
// answers invalid_argument with the operand, what it is and what was expected.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "ops/attributes.h"
#include "ops/op.h"

namespace driftwood::ops {

// An operand under check, and what messages call it: "input 1".
struct Subject {
  const Operand& operand;
  std::string_view role;
  std::size_t index;

  const tensor::SymbolicShape& shape() const { return operand.shape; }
};

// Precondition: i is below the count that expect_counts has checked.
inline Subject input(std::span<const Operand> inputs, std::size_t i) {
  return {inputs[i], "input", i};
}
inline Subject output(std::span<const Operand> outputs, std::size_t i) {
  return {outputs[i], "output", i};
}

// "8", "T0" or "2*T0", as tensor::to_string writes it in a shape.
std::string dim_text(tensor::Dim dim);

Result<void> expect_counts(std::span<const Operand> inputs, std::size_t input_count,
                           std::span<const Operand> outputs, std::size_t output_count);

Result<void> expect_dtype(Subject subject, tensor::DType dtype);

// f32, bf16 or f16.
Result<void> expect_float(Subject subject);

Result<void> expect_place(Subject subject, std::initializer_list<Place> places);

// A temporary, a window tensor or a register of this dtype, and of this rank.
Result<void> expect_activation(Subject subject, tensor::DType dtype);
Result<void> expect_activation(Subject subject, tensor::DType dtype, std::uint32_t rank);

// f32, bf16 or f16 values of the checkpoint.
Result<void> expect_weight(Subject subject, std::uint32_t rank);

// A plane of a state: [heads, dim] in f32, bf16 or f16, both constant.
Result<void> expect_plane(Subject subject);

Result<void> expect_rank(Subject subject, std::uint32_t rank);

Result<void> expect_constant(Subject subject, std::size_t dim);

Result<void> expect_shape(Subject subject, const tensor::SymbolicShape& shape);
Result<void> expect_shape(Subject subject, std::initializer_list<tensor::Dim> dims);

// That the second dimension is the constant `columns`. Precondition: rank 2, checked.
Result<void> expect_columns(Subject subject, std::uint64_t columns);

// [rows, trailing columns]: at least two dimensions, those after the first constant.
// Returns the product of the trailing ones.
Result<std::uint64_t> trailing_columns(Subject subject);

// An f32 activation [rows, trailing columns].
Result<void> expect_trailing(Subject subject, tensor::Dim rows, std::uint64_t columns);

}  // namespace driftwood::ops
