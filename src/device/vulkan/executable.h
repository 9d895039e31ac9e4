// A program made ready for the GPU: the kernels of each op, where they wait, and the weights'
// addresses.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "device/device.h"
#include "device/kernels/kernel_table.h"
#include "device/registry.h"
#include "device/row_dims.h"
#include "device/vulkan/pipelines.h"
#include "device/vulkan/weights.h"

namespace driftwood::device::vulkan {

// What a kernels::Call is made of: the operands of one op, or of several that one kernel does.
struct Task {
  std::uint32_t op;  // the first one
  std::vector<std::uint32_t> inputs, outputs;
  std::vector<const ops::Attributes*> attributes;
};

// A kernel that may do an op, depending on the sizes of a run.
struct Candidate {
  const kernels::Kernel* kernel;
  VkPipeline pipeline;
  std::uint32_t task;
};

// One op with what does not change between runs. Its candidates are numbered from first_candidate
// on, among those of all steps; those that do the next ops, too, come first.
struct Step {
  const graph::Op* op;
  std::vector<Candidate> candidates;
  std::uint32_t first_candidate;
};

class VulkanExecutable final : public Executable {
 public:
  // Errors: unsupported, the op named, for one that has no kernel or whose tensors are larger than
  // kernels count; those of Weights::place and Pipelines::find.
  static Result<std::shared_ptr<const VulkanExecutable>> create(
      std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
      const std::map<std::uint32_t, tensor::View>& views, Pipelines& pipelines, Weights& placed,
      const UploadProgress& on_upload);

  const std::vector<Step>& steps() const { return steps_; }
  const RowDims& row_dims() const { return row_dims_; }
  std::uint32_t candidate_count() const { return candidate_count_; }
  const std::vector<Task>& tasks() const { return tasks_; }

  // By tensor; 0 for those that are no weights.
  Address weight(std::uint32_t tensor) const { return weight_address_[tensor]; }

 private:
  VulkanExecutable(std::shared_ptr<const graph::Program> program,
                   std::shared_ptr<const WeightSource> weights,
                   const std::vector<std::uint32_t>& done_with);
  Result<void> add_step(std::uint32_t op, Pipelines& pipelines);
  Result<void> place_weights(const std::map<std::uint32_t, tensor::View>& views, Weights& placed,
                             const UploadProgress& on_upload);
  Result<void> add_candidate(Step& step, const kernels::Kernel& kernel, std::uint32_t task,
                             Pipelines& pipelines);
  Task make_task(std::uint32_t op, std::size_t also) const;

  RowDims row_dims_;
  std::vector<Step> steps_;
  std::vector<Task> tasks_;
  std::uint32_t candidate_count_ = 0;
  std::vector<Address> weight_address_;
  std::vector<std::shared_ptr<const PlacedWeight>> placed_;
};

}  // namespace driftwood::device::vulkan
