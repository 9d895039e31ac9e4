// Which neighbouring ops of a program one kernel can do together: fewer kernels wait for each
// other, and the bits are those of one op after the other. It depends on the program, never on the
// rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "graph/program.h"
#include "tensor/dtype.h"

namespace driftwood::device::kernels {

// Whether `also` can be done as a part of op `first`, as the ops right after it: nothing else uses
// what an op makes for the next one, and the shapes are those that a kernel for all takes.
bool can_follow(const graph::Program& program, std::uint32_t first,
                std::span<const ops::OpNumber> also);

// By op: the last op that some kernel of the table can do with it; itself if there is none.
std::vector<std::uint32_t> find_done_with(const graph::Program& program);

// The dtype that a kernel for op `first` and those after it is chosen by. Errors: those of
// kernel_dtype().
Result<tensor::DType> fused_dtype(const graph::Program& program, std::uint32_t first);

// Operands of a kernel for op `first` and the `also` ops after it: all inputs that none of them
// makes, in the order of the ops; the outputs of the last, after states that those before it wrote.
struct Operands {
  std::vector<std::uint32_t> inputs, outputs;
};
Operands fused_operands(const graph::Program& program, std::uint32_t first, std::size_t also);

}  // namespace driftwood::device::kernels
