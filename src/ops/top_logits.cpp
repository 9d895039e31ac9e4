// of logits [rows, V]: the K best with their ids, the log-sum-exp, and the logits at the given ids
// [rows, G]
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "ops/definitions.h"
#include "ops/index.h"
#include "ops/rules.h"
#include "tensor/convert.h"
namespace driftwood::ops {
namespace {

using tensor::DType;

constexpr std::uint32_t kMostBest = 256;

float log_sum_exp_of(const std::vector<float>& row) {
  const double largest = *std::ranges::max_element(row);
  if (std::isinf(largest)) return static_cast<float>(largest);
  double sum = 0;
  for (const float logit : row) sum += std::exp(logit - largest);
  return static_cast<float>(largest + std::log(sum));
}

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 2, outputs, 4));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject logits = input(inputs, 0), ids = input(inputs, 1);
  const Subject best_ids = output(outputs, 0), best_logits = output(outputs, 1);
  const Subject log_sum_exp = output(outputs, 2), id_logits = output(outputs, 3);
  DW_TRY(expect_activation(logits, DType::f32, 2));
  DW_TRY(expect_constant(logits, 1));
  const tensor::Dim rows = logits.shape()[0];
  DW_TRY(expect_activation(ids, DType::i32, 2));
  DW_TRY(expect_constant(ids, 1));
  DW_TRY(expect_shape(ids, {rows, ids.shape()[1]}));
  DW_TRY(expect_activation(best_ids, DType::i32, 2));
  DW_TRY(expect_constant(best_ids, 1));
  const tensor::Dim best = best_ids.shape()[1];
  DW_TRY(expect_shape(best_ids, {rows, best}));
  const std::uint32_t most = std::min(logits.shape()[1].factor, kMostBest);
  if (best.factor > most) {
    return fail(ErrorCode::invalid_argument, "output 0 has {} ids a row; at most {} are expected.",
                best.factor, most);
  }
  DW_TRY(expect_activation(best_logits, DType::f32, 2));
  DW_TRY(expect_shape(best_logits, {rows, best}));
  DW_TRY(expect_activation(log_sum_exp, DType::f32, 1));
  DW_TRY(expect_shape(log_sum_exp, {rows}));
  DW_TRY(expect_activation(id_logits, DType::f32, 2));
  return expect_shape(id_logits, {rows, ids.shape()[1]});
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &logits = call.inputs[0], &ids = call.inputs[1];
  const std::uint64_t width = logits.shape[1], id_count = ids.shape[1];
  const std::uint64_t best_count = call.outputs[0].shape[1];
  std::vector<float> row(width);
  for (std::uint64_t r = 0; r < logits.shape[0]; ++r) {
    for (std::uint64_t i = 0; i < width; ++i) {
      row[i] = load_float(logits.dtype, logits.bytes, r * width + i);
      if (std::isnan(row[i])) {
        return fail(ErrorCode::invalid_argument, "Logit {} of row {} is not a number.", i, r);
      }
    }
    std::vector<std::int32_t> order(width);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(
        order, [&row](auto a, auto b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
    for (std::uint64_t k = 0; k < best_count; ++k) {
      tensor::store_i32(call.outputs[0].bytes, r * best_count + k, order[k]);
      store_float(DType::f32, call.outputs[1].bytes, r * best_count + k, row[order[k]]);
    }
    store_float(DType::f32, call.outputs[2].bytes, r, log_sum_exp_of(row));
    for (std::uint64_t g = 0; g < id_count; ++g) {
      DW_TRY_ASSIGN(const std::uint64_t id, index_at(ids, r * id_count + g, width));
      store_float(DType::f32, call.outputs[3].bytes, r * id_count + g, row[id]);
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kTopLogits = {OpNumber::top_logits, "top_logits", check, reference};

}  // namespace driftwood::ops
