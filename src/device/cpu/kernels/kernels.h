// The kernels of each op, one file stem an op.
#pragma once

#include <span>

#include "device/cpu/kernel.h"

namespace driftwood::device::cpu {

std::span<const Kernel> matmul_kernels();
std::span<const Kernel> gather_rows_kernels();
std::span<const Kernel> rms_norm_kernels();
std::span<const Kernel> linear_kernels();
std::span<const Kernel> rope_kernels();
std::span<const Kernel> append_rows_kernels();
std::span<const Kernel> attention_kernels();
std::span<const Kernel> swiglu_kernels();
std::span<const Kernel> add_kernels();
std::span<const Kernel> select_rows_kernels();
std::span<const Kernel> top_logits_kernels();
std::span<const Kernel> conv1d_kernels();
std::span<const Kernel> conv2d_kernels();
std::span<const Kernel> pool2d_kernels();
std::span<const Kernel> channel_affine_kernels();
std::span<const Kernel> layer_norm_kernels();
std::span<const Kernel> unary_kernels();
std::span<const Kernel> softmax_kernels();
std::span<const Kernel> multiply_kernels();
std::span<const Kernel> slice_kernels();
std::span<const Kernel> lstm_cell_kernels();
std::span<const Kernel> convert_kernels();

}  // namespace driftwood::device::cpu
