#include "device/cpu/executable.h"

#include <optional>
#include <utility>

namespace driftwood::device::cpu {
namespace {

using tensor::DType;

bool is_half(DType dtype) {
  return dtype == DType::bf16 || dtype == DType::f16;
}

// The dtype that an op's kernel is chosen by: that of its weights, state planes or table.
Result<DType> kernel_dtype(const graph::Program& program, const graph::Op& op) {
  std::optional<DType> found;
  for (const auto* operands : {&op.inputs, &op.outputs}) {
    for (const std::uint32_t i : *operands) {
      const graph::Tensor& tensor = program.tensors[i];
      const bool is_stored =
          tensor.place == ops::Place::weight || tensor.place == ops::Place::state;
      if (!is_stored && !is_half(tensor.dtype)) continue;
      if (found && *found != tensor.dtype) {
        return fail(ErrorCode::unsupported,
                    "The CPU device has no kernel for {} and {} weights or states together.",
                    tensor::name(*found), tensor::name(tensor.dtype));
      }
      found = tensor.dtype;
    }
  }
  return found.value_or(DType::f32);
}

Result<Step> make_step(const graph::Program& program, const graph::Op& op, Isa isa) {
  DW_TRY_ASSIGN(const DType dtype, kernel_dtype(program, op));
  const Kernel* kernel = find_kernel(op.definition->number, dtype);
  if (kernel == nullptr || kernel->run.of(isa) == nullptr) {
    return fail(ErrorCode::unsupported, "The CPU device has no kernel for it with {} weights.",
                tensor::name(dtype));
  }
  return Step{op.definition, kernel->work, kernel->run.of(isa),
              op.inputs,     op.outputs,   &op.attributes};
}

tensor::Dim row_dim(const tensor::SymbolicShape& shape) {
  return shape.rank == 0 ? tensor::Dim{} : shape[0];
}

}  // namespace

CpuExecutable::CpuExecutable(std::shared_ptr<const graph::Program> program,
                             std::shared_ptr<const WeightSource> weights,
                             const std::map<std::uint32_t, tensor::View>& views)
    : Executable(program, std::move(weights)), weight_data_(program->tensors.size(), nullptr) {
  std::map<std::pair<std::uint32_t, std::int32_t>, std::uint32_t> known;
  for (const graph::Tensor& tensor : program->tensors) {
    const tensor::Dim rows = row_dim(tensor.shape);
    const auto next = static_cast<std::uint32_t>(row_dims_.size());
    const auto [dim, is_new] = known.try_emplace({rows.factor, rows.symbol}, next);
    row_dim_of_tensor_.push_back(dim->second);
    if (is_new) row_dims_.push_back(rows);
  }
  for (const auto& [tensor, view] : views) {
    // Kernels take all operands as writable and the program's rules keep them from writing to
    // weights.
    weight_data_[tensor] = const_cast<std::byte*>(view.bytes.data());
  }
}

Result<std::shared_ptr<const CpuExecutable>> CpuExecutable::create(
    std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
    const std::map<std::uint32_t, tensor::View>& views, Isa isa) {
  const std::shared_ptr<CpuExecutable> executable(
      new CpuExecutable(std::move(program), std::move(weights), views));
  const graph::Program& shared = executable->program();
  for (std::size_t i = 0; i < shared.ops.size(); ++i) {
    auto step = make_step(shared, shared.ops[i], isa);
    if (!step) {
      return pass_on(step, fmt::format("Op {} ({})", i, shared.ops[i].definition->name));
    }
    executable->steps_.push_back(*step);
  }
  return executable;
}

}  // namespace driftwood::device::cpu
