#include "ops/pairwise.h"

#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

// b [D] for a [rows, trailing D].
Result<void> check_row(Subject a, Subject b) {
  if (b.operand.place == Place::weight) {
    DW_TRY(expect_weight(b, 1));
  } else {
    DW_TRY(expect_activation(b, DType::f32, 1));
  }
  DW_TRY(expect_constant(b, 0));
  DW_TRY_ASSIGN(const std::uint64_t columns, trailing_columns(a));
  if (b.shape()[0].factor == columns) return {};
  return fail(ErrorCode::invalid_argument, "input 1 has {} elements; {} are expected.",
              b.shape()[0].factor, columns);
}

}  // namespace

Result<void> check_pairwise(std::span<const Operand> inputs, std::span<const Operand> outputs,
                            const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 2, outputs, 1));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject a = input(inputs, 0), b = input(inputs, 1), y = output(outputs, 0);
  for (const Subject& subject : {a, y}) {
    DW_TRY(expect_activation(subject, DType::f32));
    DW_TRY(expect_shape(subject, a.shape()));
  }
  if (b.shape().rank == 1 && a.shape().rank > 1) return check_row(a, b);
  DW_TRY(expect_activation(b, DType::f32));
  return expect_shape(b, a.shape());
}

Result<void> reference_pairwise(const ReferenceCall& call, double (*combine)(double, double)) {
  const tensor::View &a = call.inputs[0], &b = call.inputs[1];
  const tensor::MutableView& y = call.outputs[0];
  const std::uint64_t b_count = b.bytes.size() / size_bytes(b.dtype);
  for (std::uint64_t i = 0; i < a.bytes.size() / size_bytes(a.dtype); ++i) {
    const double value =
        combine(load_float(a.dtype, a.bytes, i), load_float(b.dtype, b.bytes, i % b_count));
    store_float(y.dtype, y.bytes, i, static_cast<float>(value));
  }
  return {};
}

}  // namespace driftwood::ops
