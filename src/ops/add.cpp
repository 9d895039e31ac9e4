// c = a + b, element by element, all of one shape
#include "ops/definitions.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 2, outputs, 1));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject a = input(inputs, 0);
  for (const Subject& subject : {a, input(inputs, 1), output(outputs, 0)}) {
    DW_TRY(expect_place(subject, {Place::temporary, Place::window}));
    DW_TRY(expect_dtype(subject, DType::f32));
    DW_TRY(expect_shape(subject, a.shape()));
  }
  return {};
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &a = call.inputs[0], &b = call.inputs[1];
  const tensor::MutableView& c = call.outputs[0];
  for (std::uint64_t i = 0; i < a.bytes.size() / size_bytes(a.dtype); ++i) {
    const double sum = double{load_float(a.dtype, a.bytes, i)} + load_float(b.dtype, b.bytes, i);
    store_float(c.dtype, c.bytes, i, static_cast<float>(sum));
  }
  return {};
}

}  // namespace

constinit const OpDefinition kAdd = {OpNumber::add, "add", check, reference};

}  // namespace driftwood::ops
