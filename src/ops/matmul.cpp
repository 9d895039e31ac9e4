// c [M, N] = a [M, K] b [K, N]
#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 2, outputs, 1));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject a = input(inputs, 0), b = input(inputs, 1), c = output(outputs, 0);
  DW_TRY(expect_activation(a, DType::f32, 2));
  DW_TRY(expect_constant(a, 1));
  DW_TRY(expect_activation(b, DType::f32, 2));
  DW_TRY(expect_constant(b, 1));
  DW_TRY(expect_shape(b, {a.shape()[1], b.shape()[1]}));
  DW_TRY(expect_activation(c, DType::f32, 2));
  return expect_shape(c, {a.shape()[0], b.shape()[1]});
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &a = call.inputs[0], &b = call.inputs[1];
  const tensor::MutableView& c = call.outputs[0];
  const std::uint64_t row_count = a.shape[0], depth = a.shape[1], column_count = b.shape[1];
  for (std::uint64_t m = 0; m < row_count; ++m) {
    for (std::uint64_t n = 0; n < column_count; ++n) {
      double sum = 0;
      for (std::uint64_t k = 0; k < depth; ++k) {
        sum += double{load_float(a.dtype, a.bytes, m * depth + k)} *
               load_float(b.dtype, b.bytes, k * column_count + n);
      }
      store_float(c.dtype, c.bytes, m * column_count + n, static_cast<float>(sum));
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kMatmul = {OpNumber::matmul, "matmul", check, reference};

}  // namespace driftwood::ops
