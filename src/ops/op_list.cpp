#include "ops/op_list.h"

#include <algorithm>
#include <array>

#include "ops/definitions.h"

namespace driftwood::ops {
namespace {

constexpr std::array<const OpDefinition*, 11> kOps = {
    &kMatmul,    &kGatherRows, &kRmsNorm, &kLinear,     &kRope,      &kAppendRows,
    &kAttention, &kSwiglu,     &kAdd,     &kSelectRows, &kTopLogits,
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
