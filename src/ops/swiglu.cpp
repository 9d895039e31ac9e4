// y [rows, N] = gate / (1 + exp(-gate)) * up
#include <cmath>

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
  const Subject gate = input(inputs, 0), up = input(inputs, 1), y = output(outputs, 0);
  DW_TRY(expect_activation(gate, DType::f32, 2));
  DW_TRY(expect_constant(gate, 1));
  DW_TRY(expect_activation(up, DType::f32, 2));
  DW_TRY(expect_shape(up, {gate.shape()[0], gate.shape()[1]}));
  DW_TRY(expect_activation(y, DType::f32, 2));
  return expect_shape(y, {gate.shape()[0], gate.shape()[1]});
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &gate = call.inputs[0], &up = call.inputs[1];
  const tensor::MutableView& y = call.outputs[0];
  for (std::uint64_t i = 0; i < gate.shape[0] * gate.shape[1]; ++i) {
    const double g = load_float(gate.dtype, gate.bytes, i);
    const double u = load_float(up.dtype, up.bytes, i);
    store_float(y.dtype, y.bytes, i, static_cast<float>(g / (1 + std::exp(-g)) * u));
  }
  return {};
}

}  // namespace

constinit const OpDefinition kSwiglu = {OpNumber::swiglu, "swiglu", check, reference};

}  // namespace driftwood::ops
