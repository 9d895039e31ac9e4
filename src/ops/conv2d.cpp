// y [rows, O, M, N]: windows of x [rows, C, H, W], each times weight [O, C, Kh, Kw], plus bias [O]
// if there is one
#include "ops/convolution.h"
#include "ops/definitions.h"
#include "ops/rules.h"

namespace driftwood::ops {
namespace {

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  constexpr AttributeId kTaken[] = {AttributeId::stride_y,    AttributeId::stride_x,
                                    AttributeId::pad_top,     AttributeId::pad_bottom,
                                    AttributeId::pad_left,    AttributeId::pad_right,
                                    AttributeId::padding_mode};
  DW_TRY(expect_attributes(attributes, kTaken));
  return check_convolution(inputs, outputs, attributes, 2);
}

}  // namespace

constinit const OpDefinition kConv2d = {OpNumber::conv2d, "conv2d", check, reference_convolution};

}  // namespace driftwood::ops
