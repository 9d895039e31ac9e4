#include "ops/op_list.h"

#include <algorithm>
#include <array>

#include "ops/definitions.h"

namespace driftwood::ops {
namespace {

constexpr std::array<const OpDefinition*, 22> kOps = {
    &kMatmul,    &kGatherRows, &kRmsNorm,       &kLinear,     &kRope,      &kAppendRows,
    &kAttention, &kSwiglu,     &kAdd,           &kSelectRows, &kTopLogits, &kConv1d,
    &kConv2d,    &kPool2d,     &kChannelAffine, &kLayerNorm,  &kUnary,     &kSoftmax,
    &kMultiply,  &kSlice,      &kLstmCell,      &kConvert,
};

}  // namespace

std::span<const OpDefinition* const> all_ops() {
  return kOps;
}

const OpDefinition* find_op(std::uint32_t number) {
  const auto found = std::ranges::find_if(kOps, [number](const OpDefinition* op) {
    return static_cast<std::uint32_t>(op->number) == number;
  });
  return found == kOps.end() ? nullptr : *found;
}

}  // namespace driftwood::ops
