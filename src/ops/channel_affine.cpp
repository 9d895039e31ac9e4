// y [rows, C, ...] = x * scale [C] + shift [C]; with mean [C] and variance [C], of
// (x - mean) / sqrt(variance + epsilon) instead of x
#include <cmath>

#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

constexpr std::size_t kPlainInputs = 3, kNormalisedInputs = 5;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  const bool normalises = inputs.size() == kNormalisedInputs;
  DW_TRY(expect_counts(inputs, normalises ? kNormalisedInputs : kPlainInputs, outputs, 1));
  constexpr AttributeId kEpsilon[] = {AttributeId::epsilon};
  const std::span<const AttributeId> taken(kEpsilon, normalises ? 1 : 0);
  DW_TRY(expect_attributes(attributes, taken));
  if (normalises) DW_TRY(epsilon_of(attributes));
  const Subject x = input(inputs, 0), y = output(outputs, 0);
  DW_TRY(expect_activation(x, DType::f32));
  DW_TRY(trailing_columns(x));
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    DW_TRY(expect_weight(input(inputs, i), 1));
    DW_TRY(expect_shape(input(inputs, i), {x.shape()[1]}));
  }
  DW_TRY(expect_activation(y, DType::f32));
  return expect_shape(y, x.shape());
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View& x = call.inputs[0];
  const tensor::MutableView& y = call.outputs[0];
  const bool normalises = call.inputs.size() == kNormalisedInputs;
  const double epsilon = normalises ? *call.attributes.number(AttributeId::epsilon) : 0;
  const auto weight = [&call](std::size_t i, std::uint64_t channel) -> double {
    return load_float(call.inputs[i].dtype, call.inputs[i].bytes, channel);
  };
  const std::uint64_t channels = x.shape[1];
  std::uint64_t channel_elements = 1;
  for (std::size_t i = 2; i < x.shape.size(); ++i) channel_elements *= x.shape[i];
  for (std::uint64_t i = 0; i < x.shape[0] * channels * channel_elements; ++i) {
    const std::uint64_t channel = i / channel_elements % channels;
    double value = load_float(x.dtype, x.bytes, i);
    if (normalises) value = (value - weight(3, channel)) / std::sqrt(weight(4, channel) + epsilon);
    value = value * weight(1, channel) + weight(2, channel);
    store_float(y.dtype, y.bytes, i, static_cast<float>(value));
  }
  return {};
}

}  // namespace

constinit const OpDefinition kChannelAffine = {OpNumber::channel_affine, "channel_affine", check,
                                               reference};

}  // namespace driftwood::ops
