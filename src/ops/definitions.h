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
extern const OpDefinition kConv1d;
extern const OpDefinition kConv2d;
extern const OpDefinition kPool2d;
extern const OpDefinition kChannelAffine;
extern const OpDefinition kLayerNorm;
extern const OpDefinition kUnary;
extern const OpDefinition kSoftmax;
extern const OpDefinition kMultiply;
extern const OpDefinition kSlice;
extern const OpDefinition kLstmCell;
extern const OpDefinition kConvert;

}  // namespace driftwood::ops
