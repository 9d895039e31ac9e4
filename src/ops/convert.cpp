// y f32 = x u8, element by element: pixels as they come
#include "tensor/convert.h"
#include "ops/definitions.h"
#include "ops/rules.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 1, outputs, 1));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject x = input(inputs, 0), y = output(outputs, 0);
  DW_TRY(expect_activation(x, DType::u8));
  DW_TRY(expect_activation(y, DType::f32));
  return expect_shape(y, x.shape());
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View& x = call.inputs[0];
  const tensor::MutableView& y = call.outputs[0];
  for (std::uint64_t i = 0; i < x.bytes.size(); ++i) {
    store_float(y.dtype, y.bytes, i, std::to_integer<std::uint8_t>(x.bytes[i]));
  }
  return {};
}

}  // namespace

constinit const OpDefinition kConvert = {OpNumber::convert, "convert", check, reference};

}  // namespace driftwood::ops
