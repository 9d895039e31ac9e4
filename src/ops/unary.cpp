// y = function(x), element by element
#include <array>
#include <cmath>
#include <numbers>

#include "ops/definitions.h"
#include "ops/functions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<std::int64_t> function_of(const Attributes& attributes) {
  return integer_within(attributes, AttributeId::function, 0, kFunctionCount - 1);
}

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 1, outputs, 1));
  constexpr AttributeId kTaken[] = {AttributeId::function};
  DW_TRY(expect_attributes(attributes, kTaken));
  DW_TRY(function_of(attributes));
  const Subject x = input(inputs, 0);
  for (const Subject& subject : {x, output(outputs, 0)}) {
    DW_TRY(expect_activation(subject, DType::f32));
    DW_TRY(expect_shape(subject, x.shape()));
  }
  return {};
}

double relu(double x) {
  return x < 0 ? 0 : x;
}

double gelu(double x) {
  return x / 2 * std::erfc(-x / std::numbers::sqrt2);
}

double gelu_tanh(double x) {
  const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return x / 2 * (1 + std::tanh(inner));
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

double tanh(double x) {
  return std::tanh(x);
}

double sqrt(double x) {
  return std::sqrt(x);
}

Result<void> reference(const ReferenceCall& call) {
  // By the attribute's value.
  constexpr std::array<double (*)(double), kFunctionCount> kFunctions = {relu,    gelu, gelu_tanh,
                                                                         sigmoid, tanh, sqrt};
  DW_TRY_ASSIGN(const std::int64_t function, function_of(call.attributes));
  const tensor::View& x = call.inputs[0];
  const tensor::MutableView& y = call.outputs[0];
  for (std::uint64_t i = 0; i < x.bytes.size() / size_bytes(x.dtype); ++i) {
    const double value =
        kFunctions[static_cast<std::size_t>(function)](load_float(x.dtype, x.bytes, i));
    store_float(y.dtype, y.bytes, i, static_cast<float>(value));
  }
  return {};
}

}  // namespace

constinit const OpDefinition kUnary = {OpNumber::unary, "unary", check, reference};

}  // namespace driftwood::ops
