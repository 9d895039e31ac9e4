// y [rows, O, M] = windows of x [rows, C, L] times weight [O, C, K], plus bias [O] if there is one.
//
// Order: the sixteen-lane sum over the window's elements, by channel and x, padding included; the
// bias is added last.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/conv1d.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/convolution-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

template <typename T>
void conv1d(const Call& call, std::uint64_t begin, std::uint64_t end) {
  convolution<T>(call, 1, begin, end);
}

void conv1d_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  conv1d<float>(call, begin, end);
}
void conv1d_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  conv1d<hwy::bfloat16_t>(call, begin, end);
}
void conv1d_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  conv1d<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return HWY_NAMESPACE::convolution_work(call, 1);
}

}  // namespace

std::span<const Kernel> conv1d_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::conv1d, DType::f32, work, CPU_PER_ISA(conv1d_f32)},
      {OpNumber::conv1d, DType::bf16, work, CPU_PER_ISA(conv1d_bf16)},
      {OpNumber::conv1d, DType::f16, work, CPU_PER_ISA(conv1d_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
