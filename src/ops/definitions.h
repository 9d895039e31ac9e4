// The definition of each op, which its own file gives. Others find them through op_list.h.
#pragma once

#include "ops/op.h"
#include "ops/op_list.h"

namespace driftwood::ops {

extern const OpDefinition kMatmul;
extern const OpDefinition kGatherRows;
extern const OpDefinition kRmsNorm;
extern const OpDefinition kLinear;
extern const OpDefinition kRope;
extern const OpDefinition kAppendRows;
extern const OpDefinition kAttention;
extern const OpDefinition kSwiglu;
extern const OpDefinition kAdd;
extern const OpDefinition kSelectRows;
extern const OpDefinition kTopLogits;

}  // namespace driftwood::ops
