// Which of an op's kernels a backend takes.
#pragma once

#include "core/error.h"
#include "graph/program.h"
#include "tensor/dtype.h"

namespace driftwood::device {

// The dtype that an op's kernel is chosen by: that of its weights, state planes or table; f32 where
// it has none. Errors: unsupported where they are of several dtypes.
Result<tensor::DType> kernel_dtype(const graph::Program& program, const graph::Op& op);

}  // namespace driftwood::device
