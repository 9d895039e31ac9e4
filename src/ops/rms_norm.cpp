// y [rows, D] = x * weight [D] / sqrt(mean(x^2) + epsilon)
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
  constexpr AttributeId kTaken[] = {AttributeId::epsilon};
  DW_TRY(expect_attributes(attributes, kTaken));
  DW_TRY(epsilon_of(attributes));
  const Subject x = input(inputs, 0), weight = input(inputs, 1), y = output(outputs, 0);
  DW_TRY(expect_activation(x, DType::f32, 2));
  DW_TRY(expect_constant(x, 1));
  DW_TRY(expect_weight(weight, 1));
  DW_TRY(expect_shape(weight, {x.shape()[1]}));
  DW_TRY(expect_activation(y, DType::f32, 2));
  return expect_shape(y, {x.shape()[0], x.shape()[1]});
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &x = call.inputs[0], &weight = call.inputs[1];
  const tensor::MutableView& y = call.outputs[0];
  DW_TRY_ASSIGN(const double epsilon, call.attributes.number(AttributeId::epsilon));
  const std::uint64_t width = x.shape[1];
  for (std::uint64_t r = 0; r < x.shape[0]; ++r) {
    double squares = 0;
    for (std::uint64_t d = 0; d < width; ++d) {
      const double value = load_float(x.dtype, x.bytes, r * width + d);
      squares += value * value;
    }
    const double root = std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (std::uint64_t d = 0; d < width; ++d) {
      const double value = load_float(x.dtype, x.bytes, r * width + d);
      store_float(y.dtype, y.bytes, r * width + d,
                  static_cast<float>(value * load_float(weight.dtype, weight.bytes, d) / root));
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kRmsNorm = {OpNumber::rms_norm, "rms_norm", check, reference};

}  // namespace driftwood::ops
