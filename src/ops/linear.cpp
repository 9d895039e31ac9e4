// yi [rows, trailing Ni] = x [rows, trailing K] . wi [Ni, K]^T, for 1 to 4 weights
#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

constexpr std::size_t kMostWeights = 4;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_attributes(attributes, {}));
  const std::size_t weight_count = outputs.size();
  if (weight_count < 1 || weight_count > kMostWeights) {
    return fail(ErrorCode::invalid_argument, "There are {} outputs; 1 to {} are expected.",
                weight_count, kMostWeights);
  }
  DW_TRY(expect_counts(inputs, 1 + weight_count, outputs, weight_count));
  const Subject x = input(inputs, 0);
  DW_TRY(expect_activation(x, DType::f32));
  DW_TRY_ASSIGN(const std::uint64_t depth, trailing_columns(x));
  for (std::size_t i = 0; i < weight_count; ++i) {
    const Subject weight = input(inputs, 1 + i);
    DW_TRY(expect_weight(weight, 2));
    DW_TRY(expect_columns(weight, depth));
    DW_TRY(expect_trailing(output(outputs, i), x.shape()[0], weight.shape()[0].factor));
  }
  return {};
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View& x = call.inputs[0];
  const std::uint64_t row_count = x.shape[0], depth = call.inputs[1].shape[1];
  for (std::size_t i = 0; i < call.outputs.size(); ++i) {
    const tensor::View& weight = call.inputs[1 + i];
    const tensor::MutableView& y = call.outputs[i];
    const std::uint64_t width = weight.shape[0];
    for (std::uint64_t r = 0; r < row_count; ++r) {
      for (std::uint64_t n = 0; n < width; ++n) {
        double sum = 0;
        for (std::uint64_t k = 0; k < depth; ++k) {
          sum += double{load_float(x.dtype, x.bytes, r * depth + k)} *
                 load_float(weight.dtype, weight.bytes, n * depth + k);
        }
        store_float(y.dtype, y.bytes, r * width + n, static_cast<float>(sum));
      }
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kLinear = {OpNumber::linear, "linear", check, reference};

}  // namespace driftwood::ops
