#include "device/cpu/executable.h"

#include <utility>

#include "device/kernel_dtype.h"

namespace driftwood::device::cpu {
namespace {

Result<Step> make_step(const graph::Program& program, const graph::Op& op, Isa isa) {
  DW_TRY_ASSIGN(const tensor::DType dtype, kernel_dtype(program, op));
  const Kernel* kernel = find_kernel(op.definition->number, dtype);
  if (kernel == nullptr || kernel->run.of(isa) == nullptr) {
    return fail(ErrorCode::unsupported, "The CPU device has no kernel for it with {} weights.",
                tensor::name(dtype));
  }
  return Step{op.definition, kernel->work, kernel->run.of(isa),
              op.inputs,     op.outputs,   &op.attributes};
}

}  // namespace

CpuExecutable::CpuExecutable(std::shared_ptr<const graph::Program> program,
                             std::shared_ptr<const WeightSource> weights,
                             const std::map<std::uint32_t, tensor::View>& views)
    : Executable(program, std::move(weights)),
      row_dims_(*program),
      weight_data_(program->tensors.size(), nullptr) {
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
