// y = exp(x) / sum(exp(x)) over the last dimension of x [rows, ..., D]
#include <algorithm>
#include <cmath>

#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 1, outputs, 1));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject x = input(inputs, 0);
  for (const Subject& subject : {x, output(outputs, 0)}) {
    DW_TRY(expect_activation(subject, DType::f32));
    DW_TRY(trailing_columns(subject));
    DW_TRY(expect_shape(subject, x.shape()));
  }
  return {};
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View& x = call.inputs[0];
  const tensor::MutableView& y = call.outputs[0];
  const std::uint64_t width = x.shape.back();
  for (std::uint64_t first = 0; first < x.bytes.size() / size_bytes(x.dtype); first += width) {
    const auto element = [&x, first](std::uint64_t d) -> double {
      return load_float(x.dtype, x.bytes, first + d);
    };
    double largest = element(0), sum = 0;
    for (std::uint64_t d = 1; d < width; ++d) largest = std::max(largest, element(d));
    for (std::uint64_t d = 0; d < width; ++d) sum += std::exp(element(d) - largest);
    for (std::uint64_t d = 0; d < width; ++d) {
      store_float(y.dtype, y.bytes, first + d,
                  static_cast<float>(std::exp(element(d) - largest) / sum));
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kSoftmax = {OpNumber::softmax, "softmax", check, reference};

}  // namespace driftwood::ops
