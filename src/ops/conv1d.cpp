// y [rows, O, M]: windows of x [rows, C, L], each times weight [O, C, K], plus bias [O] if there is
// one
#include "ops/convolution.h"
#include "ops/definitions.h"
#include "ops/rules.h"

namespace driftwood::ops {
namespace {

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  constexpr AttributeId kTaken[] = {AttributeId::stride_x, AttributeId::pad_left,
                                    AttributeId::pad_right, AttributeId::padding_mode};
  DW_TRY(expect_attributes(attributes, kTaken));
  return check_convolution(inputs, outputs, attributes, 1);
}

}  // namespace

constinit const OpDefinition kConv1d = {OpNumber::conv1d, "conv1d", check, reference_convolution};

}  // namespace driftwood::ops
