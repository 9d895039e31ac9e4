#include "device/vulkan/executable.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "device/kernel_dtype.h"
#include "device/vulkan/barriers.h"

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
                                   std::shared_ptr<const WeightSource> weights)
    : Executable(program, std::move(weights)),
      row_dims_(*program),
      weight_address_(program->tensors.size(), 0) {}

Result<void> VulkanExecutable::add_step(const graph::Op& op, Pipelines& pipelines) {
  DW_TRY(check_sizes(program(), op));
  DW_TRY_ASSIGN(const tensor::DType dtype, kernel_dtype(program(), op));
  Step step = {.op = &op, .candidates = {}, .waits = false, .first_grid = grid_count_};
  for (const kernels::Kernel& kernel : kernels::all_kernels()) {
    if (kernel.op != op.definition->number || kernel.dtype != dtype) continue;
    DW_TRY_ASSIGN(const VkPipeline pipeline, pipelines.find(op.definition->name, kernel.entry));
    step.candidates.push_back({&kernel, pipeline});
  }
  if (step.candidates.empty()) {
    return fail(ErrorCode::unsupported, "There is no GPU kernel for it with {} weights.",
                tensor::name(dtype));
  }
  grid_count_ += static_cast<std::uint32_t>(step.candidates.size());
  steps_.push_back(std::move(step));
  return {};
}

Result<std::shared_ptr<const VulkanExecutable>> VulkanExecutable::create(
    std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
    const std::map<std::uint32_t, tensor::View>& views, Pipelines& pipelines, Weights& placed) {
  const std::shared_ptr<VulkanExecutable> executable(
      new VulkanExecutable(std::move(program), std::move(weights)));
  const graph::Program& shared = executable->program();
  for (std::size_t i = 0; i < shared.ops.size(); ++i) {
    if (auto added = executable->add_step(shared.ops[i], pipelines); !added) {
      return pass_on(added, fmt::format("Op {} ({})", i, shared.ops[i].definition->name));
    }
  }
  std::vector<bool> uses_scratch;
  for (const Step& step : executable->steps_) {
    uses_scratch.push_back(std::ranges::any_of(step.candidates, [](const Candidate& candidate) {
      return candidate.kernel->scratch_bytes != nullptr;
    }));
  }
  const auto waits = find_barriers(shared, executable->plan(), uses_scratch);
  for (std::size_t i = 0; i < waits.size(); ++i) executable->steps_[i].waits = waits[i];
  for (const auto& [tensor, view] : views) {
    DW_TRY_ASSIGN(auto weight, placed.place(view.bytes));
    executable->weight_address_[tensor] = weight->address();
    executable->placed_.push_back(std::move(weight));
  }
  return executable;
}

}  // namespace driftwood::device::vulkan
