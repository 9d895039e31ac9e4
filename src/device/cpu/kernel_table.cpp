#include <array>

#include "core/error.h"
#include "device/cpu/kernel.h"
#include "device/cpu/kernels/kernels.h"

namespace driftwood::device::cpu {

void FaultReport::report_index(std::int64_t index, std::uint64_t limit) {
  report(fmt::format("Index {} is not between 0 and {}.", index,
                     static_cast<std::int64_t>(limit) - 1));
}

const Kernel* find_kernel(ops::OpNumber op, tensor::DType dtype) {
  static const std::array kTable = {
      matmul_kernels(),    gather_rows_kernels(), rms_norm_kernels(),       linear_kernels(),
      rope_kernels(),      append_rows_kernels(), attention_kernels(),      swiglu_kernels(),
      add_kernels(),       select_rows_kernels(), top_logits_kernels(),     conv1d_kernels(),
      conv2d_kernels(),    pool2d_kernels(),      channel_affine_kernels(), layer_norm_kernels(),
      unary_kernels(),     softmax_kernels(),     multiply_kernels(),       slice_kernels(),
      lstm_cell_kernels(), convert_kernels(),
  };
  for (const std::span<const Kernel> kernels : kTable) {
    for (const Kernel& kernel : kernels) {
      if (kernel.op == op && kernel.dtype == dtype) return &kernel;
    }
  }
  return nullptr;
}

}  // namespace driftwood::device::cpu
