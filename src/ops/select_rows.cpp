// y [R, D] = rows of x [rows, D] at indices [R], which count the rows of the same sequence
#include "ops/definitions.h"
#include "ops/index.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 2, outputs, 1));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject x = input(inputs, 0), indices = input(inputs, 1), y = output(outputs, 0);
  DW_TRY(expect_activation(x, DType::f32, 2));
  DW_TRY(expect_constant(x, 1));
  DW_TRY(expect_activation(indices, DType::i32, 1));
  DW_TRY(expect_activation(y, DType::f32, 2));
  return expect_shape(y, {indices.shape()[0], x.shape()[1]});
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &x = call.inputs[0], &indices = call.inputs[1];
  const tensor::MutableView& y = call.outputs[0];
  const std::uint64_t width = x.shape[1];
  for (std::uint64_t r = 0; r < indices.shape[0]; ++r) {
    DW_TRY_ASSIGN(const std::uint64_t row, index_at(indices, r, x.shape[0]));
    for (std::uint64_t d = 0; d < width; ++d) {
      store_float(y.dtype, y.bytes, r * width + d, load_float(x.dtype, x.bytes, row * width + d));
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kSelectRows = {OpNumber::select_rows, "select_rows", check, reference};

}  // namespace driftwood::ops
