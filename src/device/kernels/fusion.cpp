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

// Its x is the one output, and weights of both are stored alike.
bool multiplies_output(const Program& program, const Op& one, const Op& next) {
  return next.inputs[0] == one.outputs[0] &&
         program.tensors[next.inputs[1]].dtype == program.tensors[one.inputs[1]].dtype;
}

struct Follower {
  OpNumber op;
  bool (*fits)(const Program& program, const Op& one, const Op& next);
};
constexpr Follower kFollowers[] = {
    {OpNumber::linear, multiplies_output},
    {OpNumber::add, adds_rows},
    {OpNumber::swiglu, takes_outputs},
    {OpNumber::append_rows, takes_outputs},
};

// Whether the op after `first` is one `also`, and can be done with it.
bool is_follower(const Program& program, std::uint32_t first, OpNumber also) {
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
  const auto* const follower = std::ranges::find(kFollowers, also, &Follower::op);
  return follower != std::end(kFollowers) && follower->fits(program, one, next);
}

}  // namespace

bool can_follow(const Program& program, std::uint32_t first, std::span<const OpNumber> also) {
  for (const OpNumber op : also) {
    if (!is_follower(program, first++, op)) return false;
  }
  return true;
}

std::vector<std::uint32_t> find_done_with(const Program& program) {
  std::vector<std::uint32_t> done_with(program.ops.size());
  for (std::uint32_t i = 0; i < program.ops.size(); ++i) {
    done_with[i] = i;
    for (const Kernel& kernel : all_kernels()) {
      if (kernel.op != program.ops[i].definition->number) continue;
      if (!can_follow(program, i, kernel.also)) continue;
      done_with[i] = std::max(done_with[i], i + static_cast<std::uint32_t>(kernel.also.size()));
    }
  }
  return done_with;
}

Result<tensor::DType> fused_dtype(const Program& program, std::uint32_t first) {
  // The one that has weights or a state.
  const bool is_second = program.ops[first + 1].definition->number == OpNumber::append_rows;
  return kernel_dtype(program, program.ops[is_second ? first + 1 : first]);
}

Operands fused_operands(const Program& program, std::uint32_t first, std::size_t also) {
  Operands operands;
  for (const Op& op : std::span(program.ops).subspan(first, also + 1)) {
    for (const std::uint32_t input : op.inputs) {
      // The outputs of the op before are passed on within the kernel.
      const bool is_made = std::ranges::find(operands.outputs, input) != operands.outputs.end();
      if (!is_made) operands.inputs.push_back(input);
    }
    operands.outputs = op.outputs;
  }
  return operands;
}

}  // namespace driftwood::device::kernels
