// Which neighbouring ops of a program one kernel can do together: fewer kernels wait for each
// other, and the bits are those of both one after the other. It depends on the program, never on
// the rows.
#pragma once

#include <cstdint>
#include <vector>

#include "core/error.h"
#include "graph/program.h"
#include "tensor/dtype.h"

namespace driftwood::device::kernels {

// Whether `also` can be done as a part of op `first`, as the op right after it: nothing else uses
// what `first` makes, and the shapes are those that a kernel for both takes.
bool follows(const graph::Program& program, std::uint32_t first, ops::OpNumber also);

// By op: itself, or the op after it if some kernel of the table can do both.
std::vector<std::uint32_t> find_done_with(const graph::Program& program);

// The dtype that a kernel for both is chosen by. Errors: those of kernel_dtype().
Result<tensor::DType> pair_dtype(const graph::Program& program, std::uint32_t first);

// Operands of a kernel for both: the inputs of the first op, then those of the second that the
// first does not make; the outputs of the second.
struct Operands {
  std::vector<std::uint32_t> inputs, outputs;
};
Operands pair_operands(const graph::Program& program, std::uint32_t first);

}  // namespace driftwood::device::kernels
