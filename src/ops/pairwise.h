// What add and multiply share: the rule and the reference.
#pragma once

#include <span>

#include "ops/op.h"

namespace driftwood::ops {

// a and b of one shape, or a [rows, trailing D] and b [D], which each row meets; the output is of
// a's shape. A b [D] may be a weight.
Result<void> check_pairwise(std::span<const Operand> inputs, std::span<const Operand> outputs,
                            const Attributes& attributes);

Result<void> reference_pairwise(const ReferenceCall& call, double (*combine)(double, double));

}  // namespace driftwood::ops
