// y [rows, D] = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight [D] + bias [D]
#include <cmath>

#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 3, outputs, 1));
  constexpr AttributeId kTaken[] = {AttributeId::epsilon};
  DW_TRY(expect_attributes(attributes, kTaken));
  DW_TRY(epsilon_of(attributes));
  const Subject x = input(inputs, 0), y = output(outputs, 0);
  DW_TRY(expect_activation(x, DType::f32, 2));
  DW_TRY(expect_constant(x, 1));
  for (const Subject& weight : {input(inputs, 1), input(inputs, 2)}) {
    DW_TRY(expect_weight(weight, 1));
    DW_TRY(expect_shape(weight, {x.shape()[1]}));
  }
  DW_TRY(expect_activation(y, DType::f32, 2));
  return expect_shape(y, x.shape());
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &x = call.inputs[0], &weight = call.inputs[1], &bias = call.inputs[2];
  const tensor::MutableView& y = call.outputs[0];
  DW_TRY_ASSIGN(const double epsilon, epsilon_of(call.attributes));
  const std::uint64_t width = x.shape[1];
  for (std::uint64_t r = 0; r < x.shape[0]; ++r) {
    const auto element = [&x, r, width](std::uint64_t d) -> double {
      return load_float(x.dtype, x.bytes, r * width + d);
    };
    double sum = 0, squares = 0;
    for (std::uint64_t d = 0; d < width; ++d) sum += element(d);
    const double mean = sum / static_cast<double>(width);
    for (std::uint64_t d = 0; d < width; ++d) squares += std::pow(element(d) - mean, 2);
    const double root = std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (std::uint64_t d = 0; d < width; ++d) {
      const double normal = (element(d) - mean) / root;
      store_float(y.dtype, y.bytes, r * width + d,
                  static_cast<float>(normal * load_float(weight.dtype, weight.bytes, d) +
                                     load_float(bias.dtype, bias.bytes, d)));
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kLayerNorm = {OpNumber::layer_norm, "layer_norm", check, reference};

}  // namespace driftwood::ops
