#include "device/kernels/fusion.h"

#include <algorithm>

#include "device/kernel_dtype.h"
#include "device/kernels/kernel_table.h"

namespace driftwood::device::kernels {
namespace {

using graph::Op;
using graph::Program;
using ops::OpNumber;

std::size_t uses_of(const Program& program, std::uint32_t tensor) {
  std::size_t uses = 0;
  for (const Op& op : program.ops) uses += std::ranges::count(op.inputs, tensor);
  return uses;
}

// It adds the one output to something of the same shape that is no weight.
bool adds_rows(const Program& program, const Op& one, const Op& next) {
  const auto same = [&](std::uint32_t tensor) {
    const graph::Tensor& other = program.tensors[tensor];
    return other.place != ops::Place::weight && other.dtype == tensor::DType::f32 &&
           other.shape == program.tensors[one.outputs[0]].shape;
  };
  return one.outputs.size() == 1 && std::ranges::all_of(next.inputs, same);
}

// Its inputs are the outputs, in their order.
bool takes_outputs(const Program&, const Op& one, const Op& next) {
  return next.inputs == one.outputs;
}

struct Second {
  OpNumber op;
  bool (*fits)(const Program& program, const Op& one, const Op& next);
};
constexpr Second kSeconds[] = {
    {OpNumber::add, adds_rows},
    {OpNumber::swiglu, takes_outputs},
    {OpNumber::append_rows, takes_outputs},
};

}  // namespace

bool follows(const Program& program, std::uint32_t first, OpNumber also) {
  if (first + 1 >= program.ops.size()) return false;
  const Op &one = program.ops[first], &next = program.ops[first + 1];
  if (next.definition->number != also) return false;
  for (const std::uint32_t made : one.outputs) {
    // Used once, by the next op: a kernel for both leaves it unwritten.
    const bool is_passed_on = program.tensors[made].place == ops::Place::temporary &&
                              uses_of(program, made) == 1 &&
                              std::ranges::find(next.inputs, made) != next.inputs.end();
    if (!is_passed_on) return false;
  }
  const auto* const second = std::ranges::find(kSeconds, also, &Second::op);
  return second != std::end(kSeconds) && second->fits(program, one, next);
}

std::vector<std::uint32_t> find_done_with(const Program& program) {
  std::vector<std::uint32_t> done_with(program.ops.size());
  for (std::uint32_t i = 0; i < program.ops.size(); ++i) {
    done_with[i] = i;
    for (const Kernel& kernel : all_kernels()) {
      const bool does_both = kernel.op == program.ops[i].definition->number && kernel.also &&
                             follows(program, i, *kernel.also);
      if (does_both) done_with[i] = i + 1;
    }
  }
  return done_with;
}

Result<tensor::DType> pair_dtype(const Program& program, std::uint32_t first) {
  // The one that has weights or a state.
  const bool is_second = program.ops[first + 1].definition->number == OpNumber::append_rows;
  return kernel_dtype(program, program.ops[is_second ? first + 1 : first]);
}

Operands pair_operands(const Program& program, std::uint32_t first) {
  const Op &one = program.ops[first], &next = program.ops[first + 1];
  Operands operands = {one.inputs, next.outputs};
  for (const std::uint32_t input : next.inputs) {
    if (std::ranges::find(one.outputs, input) == one.outputs.end()) {
      operands.inputs.push_back(input);
    }
  }
  return operands;
}

}  // namespace driftwood::device::kernels
