// What conv1d and conv2d share: the rule, but for the attributes' names, and the reference.
#pragma once

#include <span>

#include "ops/op.h"

namespace driftwood::ops {

// x [rows, C, sizes], weight [O, C, windows], perhaps bias [O] -> [rows, O, positions], with
// `axes` (1 or 2) sizes, windows and positions.
Result<void> check_convolution(std::span<const Operand> inputs, std::span<const Operand> outputs,
                               const Attributes& attributes, std::uint32_t axes);

Result<void> reference_convolution(const ReferenceCall& call);

}  // namespace driftwood::ops
