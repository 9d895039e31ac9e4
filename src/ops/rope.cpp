// y [rows, heads, D]: the first R elements of each head of x turned by position * inverse frequency
#include <cmath>

#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"
namespace driftwood::ops {
namespace {

using tensor::DType;

// Values of the attribute pairing: (j, j + R/2), or (2j, 2j + 1).
constexpr std::int64_t kHalves = 0, kNeighbours = 1;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 3, outputs, 1));
  constexpr AttributeId kTaken[] = {AttributeId::pairing};
  DW_TRY(expect_attributes(attributes, kTaken));
  DW_TRY_ASSIGN(const std::int64_t pairing, attributes.integer(AttributeId::pairing));
  if (pairing != kHalves && pairing != kNeighbours) {
    return fail(ErrorCode::invalid_argument, "Attribute pairing ({}) is neither 0 nor 1.", pairing);
  }
  const Subject x = input(inputs, 0), positions = input(inputs, 1);
  const Subject frequencies = input(inputs, 2), y = output(outputs, 0);
  DW_TRY(expect_activation(x, DType::f32, 3));
  DW_TRY(expect_constant(x, 1));
  DW_TRY(expect_constant(x, 2));
  DW_TRY(expect_activation(positions, DType::i32, 1));
  DW_TRY(expect_shape(positions, {x.shape()[0]}));
  DW_TRY(expect_activation(frequencies, DType::f32, 1));
  DW_TRY(expect_constant(frequencies, 0));
  const std::uint32_t pair_count = frequencies.shape()[0].factor, width = x.shape()[2].factor;
  if (pair_count > width / 2) {
    return fail(ErrorCode::invalid_argument,
                "input 2 has {} frequencies; heads of {} elements have {} pairs.", pair_count,
                width, width / 2);
  }
  DW_TRY(expect_activation(y, DType::f32, 3));
  return expect_shape(y, {x.shape()[0], x.shape()[1], x.shape()[2]});
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &x = call.inputs[0], &positions = call.inputs[1];
  const tensor::View& frequencies = call.inputs[2];
  const tensor::MutableView& y = call.outputs[0];
  DW_TRY_ASSIGN(const std::int64_t pairing, call.attributes.integer(AttributeId::pairing));
  const std::uint64_t head_count = x.shape[1], width = x.shape[2];
  const std::uint64_t pair_count = frequencies.shape[0];
  for (std::uint64_t row_head = 0; row_head < x.shape[0] * head_count; ++row_head) {
    const auto position =
        static_cast<float>(tensor::load_i32(positions.bytes, row_head / head_count));
    const std::uint64_t start = row_head * width;
    for (std::uint64_t d = 2 * pair_count; d < width; ++d) {
      store_float(y.dtype, y.bytes, start + d, load_float(x.dtype, x.bytes, start + d));
    }
    for (std::uint64_t j = 0; j < pair_count; ++j) {
      // The angle is one f32 product by definition: at large positions its rounding is felt.
      const double angle = position * load_float(frequencies.dtype, frequencies.bytes, j);
      const std::uint64_t first = start + (pairing == kHalves ? j : 2 * j);
      const std::uint64_t second = pairing == kHalves ? first + pair_count : first + 1;
      const double x1 = load_float(x.dtype, x.bytes, first);
      const double x2 = load_float(x.dtype, x.bytes, second);
      store_float(y.dtype, y.bytes, first,
                  static_cast<float>(x1 * std::cos(angle) - x2 * std::sin(angle)));
      store_float(y.dtype, y.bytes, second,
                  static_cast<float>(x2 * std::cos(angle) + x1 * std::sin(angle)));
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kRope = {OpNumber::rope, "rope", check, reference};

}  // namespace driftwood::ops
