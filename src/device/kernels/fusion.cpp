#include "device/kernels/fusion.h"

#include <algorithm>
#include <numeric>

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

// A temporary that is used once: a kernel that does both ops leaves it unwritten.
bool is_passed_on(const Program& program, std::uint32_t tensor) {
  return program.tensors[tensor].place == ops::Place::temporary && uses_of(program, tensor) == 1;
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

// Its x is the one output.
bool takes_output(const Program&, const Op& one, const Op& next) {
  return next.inputs[0] == one.outputs[0];
}

// The same, and weights of both are stored alike.
bool multiplies_output(const Program& program, const Op& one, const Op& next) {
  return takes_output(program, one, next) &&
         program.tensors[next.inputs[1]].dtype == program.tensors[one.inputs[1]].dtype;
}

struct Follower {
  OpNumber op;
  bool (*fits)(const Program& program, const Op& one, const Op& next);
};
constexpr Follower kFollowers[] = {
    {OpNumber::linear, multiplies_output},
    {OpNumber::rms_norm, takes_output},
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
    const bool is_taken = std::ranges::find(next.inputs, made) != next.inputs.end();
    if (!is_taken || !is_passed_on(program, made)) return false;
  }
  const auto* const follower = std::ranges::find(kFollowers, also, &Follower::op);
  return follower != std::end(kFollowers) && follower->fits(program, one, next);
}

// Whether ops from `first` on are rope of q, and then `also`: rope of k by the same angles,
// append_rows of it and of v, attention over both.
bool is_turned_attention(const Program& program, std::uint32_t first,
                         std::span<const OpNumber> also) {
  if (program.ops.size() - first <= also.size()) return false;
  const std::span<const Op> ops = std::span(program.ops).subspan(first, also.size() + 1);
  if (!std::ranges::equal(ops.subspan(1), also, {},
                          [](const Op& op) { return op.definition->number; })) {
    return false;
  }
  const Op &q = ops[0], &k = ops[1], &keys = ops[2], &values = ops[3], &attention = ops[4];
  const auto dtype_of = [&](const Op& op) { return program.tensors[op.outputs[0]].dtype; };
  return std::ranges::equal(std::span(q.inputs).subspan(1), std::span(k.inputs).subspan(1)) &&
         q.attributes == k.attributes && is_passed_on(program, q.outputs[0]) &&
         is_passed_on(program, k.outputs[0]) && keys.inputs[0] == k.outputs[0] &&
         dtype_of(keys) == dtype_of(values) &&
         attention.inputs == std::vector{q.outputs[0], keys.outputs[0], values.outputs[0]};
}

}  // namespace

bool can_follow(const Program& program, std::uint32_t first, std::span<const OpNumber> also) {
  if (also.size() > 1 && also.back() == OpNumber::attention) {
    return is_turned_attention(program, first, also);
  }
  for (const OpNumber op : also) {
    if (!is_follower(program, first++, op)) return false;
  }
  return true;
}

std::vector<std::uint32_t> find_done_with(const Program& program) {
  std::vector<std::uint32_t> done_with(program.ops.size());
  std::iota(done_with.begin(), done_with.end(), 0);
  for (std::uint32_t i = 0; i < program.ops.size(); ++i) {
    for (const Kernel& kernel : all_kernels()) {
      if (kernel.op != program.ops[i].definition->number) continue;
      if (!can_follow(program, i, kernel.also)) continue;
      const auto last = i + static_cast<std::uint32_t>(kernel.also.size());
      for (std::uint32_t op = i; op < last; ++op) done_with[op] = std::max(done_with[op], last);
    }
  }
  return done_with;
}

Result<tensor::DType> fused_dtype(const Program& program, std::uint32_t first) {
  // These have neither weights nor a state; what is done after them has.
  const auto is_without = [&](const Op& op) {
    return op.definition->number == OpNumber::rope ||
           op.definition->number == OpNumber::select_rows;
  };
  while (is_without(program.ops[first])) ++first;
  return kernel_dtype(program, program.ops[first]);
}

Operands fused_operands(const Program& program, std::uint32_t first, std::size_t also) {
  Operands operands;
  std::vector<std::uint32_t> made;
  for (const Op& op : std::span(program.ops).subspan(first, also + 1)) {
    for (const std::uint32_t input : op.inputs) {
      if (std::ranges::find(made, input) == made.end()) operands.inputs.push_back(input);
    }
    // What is passed on within the kernel is not written.
    const bool is_last = &op == &program.ops[first + also];
    for (const std::uint32_t output : op.outputs) {
      made.push_back(output);
      const bool is_kept = program.tensors[output].place != ops::Place::temporary;
      if (is_last || is_kept) operands.outputs.push_back(output);
    }
  }
  return operands;
}

}  // namespace driftwood::device::kernels
