#include "ops/convolution.h"

#include <vector>

#include "ops/rules.h"
#include "ops/sliding.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

// The dimensions from `first` on. Precondition: they are constant.
std::vector<std::uint64_t> sizes(const tensor::SymbolicShape& shape, std::size_t first) {
  std::vector<std::uint64_t> sizes;
  for (std::size_t i = first; i < shape.rank; ++i) sizes.push_back(shape[i].factor);
  return sizes;
}

// One output: the products of a window of x with the weights of one output channel.
double sum_under_window(const ReferenceCall& call, const Convolution& geometry, std::uint64_t row,
                        std::uint64_t output, std::uint64_t at_y, std::uint64_t at_x) {
  const tensor::View &x = call.inputs[0], &weight = call.inputs[1];
  double sum = 0;
  for (std::uint64_t c = 0; c < geometry.channels; ++c) {
    for (std::uint64_t ky = 0; ky < geometry.y.window; ++ky) {
      for (std::uint64_t kx = 0; kx < geometry.x.window; ++kx) {
        const auto from_y = geometry.y.source(at_y, ky, geometry.mode);
        const auto from_x = geometry.x.source(at_x, kx, geometry.mode);
        if (!from_y || !from_x) continue;
        const std::uint64_t channel = row * geometry.channels + c;
        const std::uint64_t from = (channel * geometry.y.size + *from_y) * geometry.x.size;
        const std::uint64_t place = (output * geometry.channels + c) * geometry.y.window + ky;
        sum += double{load_float(x.dtype, x.bytes, from + *from_x)} *
               load_float(weight.dtype, weight.bytes, place * geometry.x.window + kx);
      }
    }
  }
  return sum;
}

}  // namespace

Result<void> check_convolution(std::span<const Operand> inputs, std::span<const Operand> outputs,
                               const Attributes& attributes, std::uint32_t axes) {
  const bool has_bias = inputs.size() == 3;
  DW_TRY(expect_counts(inputs, has_bias ? 3 : 2, outputs, 1));
  const std::uint32_t rank = 2 + axes;
  const Subject x = input(inputs, 0), weight = input(inputs, 1), y = output(outputs, 0);
  DW_TRY(expect_activation(x, DType::f32, rank));
  for (std::size_t i = 1; i < rank; ++i) DW_TRY(expect_constant(x, i));
  DW_TRY(expect_weight(weight, rank));
  if (weight.shape()[1] != x.shape()[1]) {
    return fail(ErrorCode::invalid_argument, "input 1 has {} channels; {} are expected.",
                weight.shape()[1].factor, x.shape()[1].factor);
  }
  if (has_bias) {
    DW_TRY(expect_weight(input(inputs, 2), 1));
    DW_TRY(expect_shape(input(inputs, 2), {weight.shape()[0]}));
  }
  DW_TRY_ASSIGN(const Convolution geometry,
                read_convolution(sizes(x.shape(), 1), sizes(weight.shape(), 0), attributes));
  tensor::SymbolicShape expected = {rank, {x.shape()[0], weight.shape()[0]}};
  if (axes == 2) expected.dims[2].factor = static_cast<std::uint32_t>(geometry.y.positions());
  expected.dims[rank - 1].factor = static_cast<std::uint32_t>(geometry.x.positions());
  DW_TRY(expect_activation(y, DType::f32, rank));
  return expect_shape(y, expected);
}

Result<void> reference_convolution(const ReferenceCall& call) {
  const tensor::View &x = call.inputs[0], &weight = call.inputs[1];
  const tensor::MutableView& y = call.outputs[0];
  DW_TRY_ASSIGN(const Convolution geometry,
                read_convolution(std::span(x.shape).subspan(1), weight.shape, call.attributes));
  const bool has_bias = call.inputs.size() == 3;
  const std::uint64_t height = geometry.y.positions(), width = geometry.x.positions();
  for (std::uint64_t i = 0; i < x.shape[0] * geometry.outputs * height * width; ++i) {
    const std::uint64_t plane = i / (height * width), output = plane % geometry.outputs;
    double sum = sum_under_window(call, geometry, plane / geometry.outputs, output,
                                  i / width % height, i % width);
    if (has_bias) sum += load_float(call.inputs[2].dtype, call.inputs[2].bytes, output);
    store_float(y.dtype, y.bytes, i, static_cast<float>(sum));
  }
  return {};
}

}  // namespace driftwood::ops
