#include "device/kernel_dtype.h"

#include <optional>

namespace driftwood::device {
namespace {

using tensor::DType;

bool is_half(DType dtype) {
  return dtype == DType::bf16 || dtype == DType::f16;
}

}  // namespace

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
                    "There is no kernel for {} and {} weights or states together.",
                    tensor::name(*found), tensor::name(tensor.dtype));
      }
      found = tensor.dtype;
    }
  }
  return found.value_or(DType::f32);
}

}  // namespace driftwood::device
