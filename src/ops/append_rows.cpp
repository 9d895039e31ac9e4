// the rows x [rows, heads, D] become rows `length`.. of a state plane [heads, D]
#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 1, outputs, 1));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject x = input(inputs, 0), plane = output(outputs, 0);
  DW_TRY(expect_plane(plane));
  DW_TRY(expect_activation(x, DType::f32, 3));
  return expect_shape(x, {x.shape()[0], plane.shape()[0], plane.shape()[1]});
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View& x = call.inputs[0];
  const PlaneView& plane = call.planes[0];
  const std::uint64_t row_elements = plane.heads * plane.dim;
  for (std::uint64_t i = 0; i < x.shape[0] * row_elements; ++i) {
    store_float(plane.dtype, plane.bytes, call.past_rows * row_elements + i,
                load_float(x.dtype, x.bytes, i));
  }
  return {};
}

}  // namespace

constinit const OpDefinition kAppendRows = {OpNumber::append_rows, "append_rows", check, reference};

}  // namespace driftwood::ops
