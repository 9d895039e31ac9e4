// y [rows, n] = the elements [begin, begin + n) of each row of x [rows, trailing N]
#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 1, outputs, 1));
  constexpr AttributeId kTaken[] = {AttributeId::begin};
  DW_TRY(expect_attributes(attributes, kTaken));
  const Subject x = input(inputs, 0), y = output(outputs, 0);
  DW_TRY(expect_activation(x, DType::f32));
  DW_TRY_ASSIGN(const std::uint64_t from_columns, trailing_columns(x));
  DW_TRY_ASSIGN(const std::uint64_t columns, trailing_columns(y));
  DW_TRY(expect_trailing(y, x.shape()[0], columns));
  DW_TRY_ASSIGN(const std::int64_t begin, attributes.integer(AttributeId::begin));
  const bool fits = begin >= 0 && columns <= from_columns &&
                    static_cast<std::uint64_t>(begin) <= from_columns - columns;
  if (fits) return {};
  return fail(ErrorCode::invalid_argument, "{} columns from column {} are not within the {} of x.",
              columns, begin, from_columns);
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View& x = call.inputs[0];
  const tensor::MutableView& y = call.outputs[0];
  DW_TRY_ASSIGN(const std::int64_t begin, call.attributes.integer(AttributeId::begin));
  const std::uint64_t rows = x.shape[0];
  if (rows == 0) return {};
  const std::uint64_t from_columns = *tensor::element_count(x.shape) / rows;
  const std::uint64_t columns = *tensor::element_count(y.shape) / rows;
  for (std::uint64_t i = 0; i < rows * columns; ++i) {
    const std::uint64_t from =
        i / columns * from_columns + static_cast<std::uint64_t>(begin) + i % columns;
    store_float(y.dtype, y.bytes, i, load_float(x.dtype, x.bytes, from));
  }
  return {};
}

}  // namespace

constinit const OpDefinition kSlice = {OpNumber::slice, "slice", check, reference};

}  // namespace driftwood::ops
