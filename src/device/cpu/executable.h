// A program made ready for the CPU: a kernel for each op and the weights' addresses.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "device/cpu/kernel.h"
#include "device/device.h"
#include "device/row_dims.h"

namespace driftwood::device::cpu {

// One op with what does not change between runs.
struct Step {
  const ops::OpDefinition* definition;
  Work (*work)(const Call& call);
  RunFunction run;
  std::span<const std::uint32_t> inputs, outputs;  // of the program's op
  const ops::Attributes* attributes;
};

class CpuExecutable final : public Executable {
 public:
  // Errors: unsupported, the op named, for one that has no kernel.
  static Result<std::shared_ptr<const CpuExecutable>> create(
      std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
      const std::map<std::uint32_t, tensor::View>& views, Isa isa);

  const std::vector<Step>& steps() const { return steps_; }

  const RowDims& row_dims() const { return row_dims_; }

  // By tensor; null for those that are no weights.
  std::byte* weight(std::uint32_t tensor) const { return weight_data_[tensor]; }

 private:
  CpuExecutable(std::shared_ptr<const graph::Program> program,
                std::shared_ptr<const WeightSource> weights,
                const std::map<std::uint32_t, tensor::View>& views);

  std::vector<Step> steps_;
  RowDims row_dims_;
  std::vector<std::byte*> weight_data_;
};

}  // namespace driftwood::device::cpu
