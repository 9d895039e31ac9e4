// y [rows, C, M, N]: the largest or the mean element of each window of x [rows, C, H, W]
#include <algorithm>
#include <limits>

#include "ops/definitions.h"
#include "ops/rules.h"
#include "ops/sliding.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 1, outputs, 1));
  constexpr AttributeId kTaken[] = {AttributeId::pooling, AttributeId::window_y,
                                    AttributeId::window_x, AttributeId::stride_y,
                                    AttributeId::stride_x};
  DW_TRY(expect_attributes(attributes, kTaken));
  const Subject x = input(inputs, 0), y = output(outputs, 0);
  DW_TRY(expect_activation(x, DType::f32, 4));
  for (std::size_t i = 1; i < 4; ++i) DW_TRY(expect_constant(x, i));
  const std::uint64_t sizes[] = {x.shape()[1].factor, x.shape()[2].factor, x.shape()[3].factor};
  DW_TRY_ASSIGN(const Pooling pooling, read_pooling(sizes, attributes));
  tensor::SymbolicShape expected = x.shape();
  expected.dims[2].factor = static_cast<std::uint32_t>(pooling.y.positions());
  expected.dims[3].factor = static_cast<std::uint32_t>(pooling.x.positions());
  DW_TRY(expect_activation(y, DType::f32, 4));
  return expect_shape(y, expected);
}

double pool(const tensor::View& x, const Pooling& pooling, std::uint64_t plane, std::uint64_t at_y,
            std::uint64_t at_x) {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::uint64_t ky = 0; ky < pooling.y.window; ++ky) {
    for (std::uint64_t kx = 0; kx < pooling.x.window; ++kx) {
      const std::uint64_t row = plane * pooling.y.size + at_y * pooling.y.stride + ky;
      const double value =
          load_float(x.dtype, x.bytes, row * pooling.x.size + at_x * pooling.x.stride + kx);
      largest = std::max(largest, value);
      sum += value;
    }
  }
  if (pooling.kind == PoolingKind::max) return largest;
  return sum / static_cast<double>(pooling.y.window * pooling.x.window);
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View& x = call.inputs[0];
  const tensor::MutableView& y = call.outputs[0];
  DW_TRY_ASSIGN(const Pooling pooling,
                read_pooling(std::span(x.shape).subspan(1), call.attributes));
  const std::uint64_t height = pooling.y.positions(), width = pooling.x.positions();
  for (std::uint64_t i = 0; i < x.shape[0] * pooling.channels * height * width; ++i) {
    const double value = pool(x, pooling, i / (height * width), i / width % height, i % width);
    store_float(y.dtype, y.bytes, i, static_cast<float>(value));
  }
  return {};
}

}  // namespace

constinit const OpDefinition kPool2d = {OpNumber::pool2d, "pool2d", check, reference};

}  // namespace driftwood::ops
