#include "device/vulkan/executable.h"

#include <limits>
#include <utility>

#include "core/check.h"
#include "device/kernel_dtype.h"
#include "device/kernels/fusion.h"

namespace driftwood::device::vulkan {
namespace {

// Kernels count elements of a row, and rows, in 32 bits.
Result<void> check_sizes(const graph::Program& program, const graph::Op& op) {
  for (const auto* operands : {&op.inputs, &op.outputs}) {
    for (const std::uint32_t i : *operands) {
      const tensor::SymbolicShape& shape = program.tensors[i].shape;
      std::uint64_t row_elements = 1;  // cannot overflow: a tensor has at most 2^40 bytes
      for (std::uint32_t d = 1; d < shape.rank; ++d) {
        row_elements *= shape[d].value(program.symbol_maxima);
      }
      const std::uint64_t rows = shape.rank == 0 ? 1 : shape[0].value(program.symbol_maxima);
      constexpr std::uint64_t kMost = std::numeric_limits<std::int32_t>::max();
      if (row_elements > kMost || rows > kMost / Device::kMostSequences) {
        return fail(ErrorCode::unsupported,
                    "A tensor of shape {} has more rows or elements a row than GPU kernels count.",
                    tensor::to_string(shape));
      }
    }
  }
  return {};
}

}  // namespace

VulkanExecutable::VulkanExecutable(std::shared_ptr<const graph::Program> program,
                                   std::shared_ptr<const WeightSource> weights,
                                   const std::vector<std::uint32_t>& done_with)
    : Executable(program, std::move(weights), done_with),
      row_dims_(*program),
      weight_address_(program->tensors.size(), 0) {}

Result<void> VulkanExecutable::add_candidate(Step& step, const kernels::Kernel& kernel,
                                             std::uint32_t task, Pipelines& pipelines) {
  DW_TRY_ASSIGN(const VkPipeline pipeline, pipelines.find(step.op->definition->name, kernel.entry));
  step.candidates.push_back({&kernel, pipeline, task});
  return {};
}

Task VulkanExecutable::make_task(std::uint32_t op, std::size_t also) const {
  kernels::Operands operands = kernels::fused_operands(program(), op, also);
  Task task = {op, std::move(operands.inputs), std::move(operands.outputs), {}};
  for (std::size_t i = 0; i <= also; ++i) {
    task.attributes.push_back(&program().ops[op + i].attributes);
  }
  DW_CHECK(task.inputs.size() + task.outputs.size() <= kernels::kMostOperands);
  return task;
}

Result<void> VulkanExecutable::add_step(std::uint32_t op, Pipelines& pipelines) {
  const graph::Op& own = program().ops[op];
  DW_TRY(check_sizes(program(), own));
  DW_TRY_ASSIGN(const tensor::DType dtype, kernel_dtype(program(), own));
  Step step = {.op = &own, .candidates = {}, .first_candidate = candidate_count_};
  std::vector<const kernels::Kernel*> alone;
  for (const kernels::Kernel& kernel : kernels::all_kernels()) {
    if (kernel.op != own.definition->number) continue;
    if (kernel.also.empty()) {
      if (kernel.dtype == dtype) alone.push_back(&kernel);
    } else if (kernels::can_follow(program(), op, kernel.also)) {
      DW_TRY_ASSIGN(const tensor::DType fused_dtype, kernels::fused_dtype(program(), op));
      if (kernel.dtype != fused_dtype) continue;
      DW_TRY(add_candidate(step, kernel, static_cast<std::uint32_t>(tasks_.size()), pipelines));
      tasks_.push_back(make_task(op, kernel.also.size()));
    }
  }
  if (alone.empty()) {
    return fail(ErrorCode::unsupported, "There is no GPU kernel for it with {} weights.",
                tensor::name(dtype));
  }
  for (const kernels::Kernel* kernel : alone) {
    DW_TRY(add_candidate(step, *kernel, static_cast<std::uint32_t>(tasks_.size()), pipelines));
  }
  tasks_.push_back(make_task(op, 0));
  candidate_count_ += static_cast<std::uint32_t>(step.candidates.size());
  steps_.push_back(std::move(step));
  return {};
}

Result<void> VulkanExecutable::place_weights(const std::map<std::uint32_t, tensor::View>& views,
                                             Weights& placed, const UploadProgress& on_upload) {
  std::uint64_t all_bytes = 0, done_bytes = 0;
  for (const auto& [tensor, view] : views) all_bytes += view.bytes.size();
  for (const auto& [tensor, view] : views) {
    DW_TRY_ASSIGN(auto weight, placed.place(view.bytes));
    done_bytes += view.bytes.size();
    if (weight->is_copy() && on_upload) on_upload(done_bytes, all_bytes);
    weight_address_[tensor] = weight->address();
    placed_.push_back(std::move(weight));
  }
  return {};
}

Result<std::shared_ptr<const VulkanExecutable>> VulkanExecutable::create(
    std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
    const std::map<std::uint32_t, tensor::View>& views, Pipelines& pipelines, Weights& placed,
    const UploadProgress& on_upload) {
  const auto done_with = kernels::find_done_with(*program);
  const std::shared_ptr<VulkanExecutable> executable(
      new VulkanExecutable(std::move(program), std::move(weights), done_with));
  const graph::Program& shared = executable->program();
  for (std::uint32_t i = 0; i < shared.ops.size(); ++i) {
    if (auto added = executable->add_step(i, pipelines); !added) {
      return pass_on(added, fmt::format("Op {} ({})", i, shared.ops[i].definition->name));
    }
  }
  DW_TRY(executable->place_weights(views, placed, on_upload));
  return executable;
}

}  // namespace driftwood::device::vulkan
