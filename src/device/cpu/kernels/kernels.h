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

}  // namespace driftwood::device::cpu
