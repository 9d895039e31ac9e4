// y [rows, Hq, D] = softmax(scale * q . k) v over all positions up to each row's own; keys and
// values are planes [H, D] of one state
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"
namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 3, outputs, 1));
  constexpr AttributeId kTaken[] = {AttributeId::scale};
  DW_TRY(expect_attributes(attributes, kTaken));
  DW_TRY_ASSIGN(const double scale, attributes.number(AttributeId::scale));
  if (!(std::abs(scale) <= std::numeric_limits<float>::max())) {
    return fail(ErrorCode::invalid_argument, "Attribute scale ({}) is not finite in f32.", scale);
  }
  const Subject q = input(inputs, 0), keys = input(inputs, 1), values = input(inputs, 2);
  const Subject y = output(outputs, 0);
  DW_TRY(expect_plane(keys));
  DW_TRY(expect_plane(values));
  DW_TRY(expect_shape(values, {keys.shape()[0], keys.shape()[1]}));
  if (keys.operand.slot != values.operand.slot) {
    return fail(ErrorCode::invalid_argument,
                "input 1 is of state slot {} and input 2 of slot {}; one state is expected.",
                keys.operand.slot, values.operand.slot);
  }
  DW_TRY(expect_activation(q, DType::f32, 3));
  DW_TRY(expect_constant(q, 1));
  DW_TRY(expect_shape(q, {q.shape()[0], q.shape()[1], keys.shape()[1]}));
  const std::uint32_t query_heads = q.shape()[1].factor, heads = keys.shape()[0].factor;
  if (query_heads % heads != 0) {
    return fail(ErrorCode::invalid_argument,
                "input 0 has {} heads; a multiple of the {} heads of the keys is expected.",
                query_heads, heads);
  }
  DW_TRY(expect_activation(y, DType::f32, 3));
  return expect_shape(y, {q.shape()[0], q.shape()[1], q.shape()[2]});
}

// One query head of one row.
void attend(const ReferenceCall& call, double scale, std::uint64_t row, std::uint64_t query_head) {
  const tensor::View& q = call.inputs[0];
  const tensor::MutableView& y = call.outputs[0];
  const PlaneView &keys = call.planes[0], &values = call.planes[1];
  const std::uint64_t query_heads = q.shape[1], width = q.shape[2];
  const std::uint64_t head = query_head / (query_heads / keys.heads);
  const std::uint64_t query = (row * query_heads + query_head) * width;

  std::vector<double> weights(call.past_rows + row + 1);
  for (std::uint64_t j = 0; j < weights.size(); ++j) {
    double dot = 0;
    for (std::uint64_t d = 0; d < width; ++d) {
      dot += double{load_float(q.dtype, q.bytes, query + d)} *
             load_float(keys.dtype, keys.bytes, (j * keys.heads + head) * width + d);
    }
    weights[j] = scale * dot;
  }
  const double largest = *std::ranges::max_element(weights);
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - largest);

  for (std::uint64_t d = 0; d < width; ++d) {
    double mean = 0;
    for (std::uint64_t j = 0; j < weights.size(); ++j) {
      mean += weights[j] *
              load_float(values.dtype, values.bytes, (j * values.heads + head) * width + d);
    }
    store_float(y.dtype, y.bytes, query + d, static_cast<float>(mean / sum));
  }
}

Result<void> reference(const ReferenceCall& call) {
  DW_TRY_ASSIGN(const double scale, call.attributes.number(AttributeId::scale));
  const std::uint64_t query_heads = call.inputs[0].shape[1];
  for (std::uint64_t row = 0; row < call.inputs[0].shape[0]; ++row) {
    for (std::uint64_t head = 0; head < query_heads; ++head) attend(call, scale, row, head);
  }
  return {};
}

}  // namespace

constinit const OpDefinition kAttention = {OpNumber::attention, "attention", check, reference};

}  // namespace driftwood::ops
