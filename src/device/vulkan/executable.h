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
#include "device/row_dims.h"
#include "device/vulkan/pipelines.h"
#include "device/vulkan/weights.h"

namespace driftwood::device::vulkan {

// A kernel that may do an op, depending on the sizes of a run.
struct Candidate {
  const kernels::Kernel* kernel;
  VkPipeline pipeline;
};

// One op with what does not change between runs.
struct Step {
  const graph::Op* op;
  std::vector<Candidate> candidates;
  bool waits;                // for all that came before
  std::uint32_t first_grid;  // the number of its first candidate, counting those of all steps
};

class VulkanExecutable final : public Executable {
 public:
  // Errors: unsupported, the op named, for one that has no kernel or whose tensors are larger than
  // kernels count; those of Weights::place and Pipelines::find.
  static Result<std::shared_ptr<const VulkanExecutable>> create(
      std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
      const std::map<std::uint32_t, tensor::View>& views, Pipelines& pipelines, Weights& placed);

  const std::vector<Step>& steps() const { return steps_; }
  const RowDims& row_dims() const { return row_dims_; }
  std::uint32_t grid_count() const { return grid_count_; }

  // By tensor; 0 for those that are no weights.
  Address weight(std::uint32_t tensor) const { return weight_address_[tensor]; }

 private:
  VulkanExecutable(std::shared_ptr<const graph::Program> program,
                   std::shared_ptr<const WeightSource> weights);
  Result<void> add_step(const graph::Op& op, Pipelines& pipelines);

  RowDims row_dims_;
  std::vector<Step> steps_;
  std::uint32_t grid_count_ = 0;
  std::vector<Address> weight_address_;
  std::vector<std::shared_ptr<const PlacedWeight>> placed_;
};

}  // namespace driftwood::device::vulkan
