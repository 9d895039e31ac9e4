// One step of a long short-term memory: x [rows, I], h [rows, H], c [rows, H] -> the next h and c.
// Gates i, f, g, o are rows 0.., H.., 2H.., 3H.. of w_ih [4H, I] . x + b_ih + w_hh [4H, H] . h +
// b_hh
#include <cmath>

#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

constexpr std::uint64_t kGates = 4;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 7, outputs, 2));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject x = input(inputs, 0), w_ih = input(inputs, 3), w_hh = input(inputs, 4);
  DW_TRY(expect_activation(x, DType::f32));
  DW_TRY_ASSIGN(const std::uint64_t input_columns, trailing_columns(x));
  DW_TRY(expect_weight(w_hh, 2));
  const std::uint64_t columns = w_hh.shape()[1].factor;
  if (w_hh.shape()[0].factor != kGates * columns) {
    return fail(ErrorCode::invalid_argument, "input 4 has {} rows; {} are expected.",
                w_hh.shape()[0].factor, kGates * columns);
  }
  DW_TRY(expect_weight(w_ih, 2));
  DW_TRY(expect_columns(w_ih, input_columns));
  DW_TRY(expect_shape(w_ih, {w_hh.shape()[0], w_ih.shape()[1]}));
  for (const Subject& bias : {input(inputs, 5), input(inputs, 6)}) {
    DW_TRY(expect_weight(bias, 1));
    DW_TRY(expect_shape(bias, {w_hh.shape()[0]}));
  }
  for (const Subject& state :
       {input(inputs, 1), input(inputs, 2), output(outputs, 0), output(outputs, 1)}) {
    DW_TRY(expect_trailing(state, x.shape()[0], columns));
  }
  return {};
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// Row `n` of weight times row `r` of x, plus element `n` of bias.
double gate_part(const tensor::View& x, std::uint64_t r, const tensor::View& weight,
                 const tensor::View& bias, std::uint64_t n) {
  const std::uint64_t depth = weight.shape[1];
  double sum = load_float(bias.dtype, bias.bytes, n);
  for (std::uint64_t k = 0; k < depth; ++k) {
    sum += double{load_float(x.dtype, x.bytes, r * depth + k)} *
           load_float(weight.dtype, weight.bytes, n * depth + k);
  }
  return sum;
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &x = call.inputs[0], &h = call.inputs[1], &c = call.inputs[2];
  const std::uint64_t width = call.inputs[4].shape[1];
  for (std::uint64_t r = 0; r < x.shape[0]; ++r) {
    for (std::uint64_t j = 0; j < width; ++j) {
      double gates[kGates];
      for (std::uint64_t g = 0; g < kGates; ++g) {
        const std::uint64_t n = g * width + j;
        gates[g] = gate_part(x, r, call.inputs[3], call.inputs[5], n) +
                   gate_part(h, r, call.inputs[4], call.inputs[6], n);
      }
      const std::uint64_t i = r * width + j;
      const double cell = sigmoid(gates[1]) * load_float(c.dtype, c.bytes, i) +
                          sigmoid(gates[0]) * std::tanh(gates[2]);
      const tensor::MutableView &next_h = call.outputs[0], &next_c = call.outputs[1];
      store_float(next_c.dtype, next_c.bytes, i, static_cast<float>(cell));
      store_float(next_h.dtype, next_h.bytes, i,
                  static_cast<float>(sigmoid(gates[3]) * std::tanh(cell)));
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kLstmCell = {OpNumber::lstm_cell, "lstm_cell", check, reference};

}  // namespace driftwood::ops
