// y [rows, O, M, N] = windows of x [rows, C, H, W] times weight [O, C, Kh, Kw], plus bias [O] if
// there is one.
//
// Order: the sixteen-lane sum over the window's elements, by channel, y and x, padding included;
// the bias is added last.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/conv2d.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/convolution-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

template <typename T>
void conv2d(const Call& call, std::uint64_t begin, std::uint64_t end) {
  convolution<T>(call, 2, begin, end);
}

void conv2d_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  conv2d<float>(call, begin, end);
}
void conv2d_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  conv2d<hwy::bfloat16_t>(call, begin, end);
}
void conv2d_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  conv2d<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return HWY_NAMESPACE::convolution_work(call, 2);
}

}  // namespace

std::span<const Kernel> conv2d_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::conv2d, DType::f32, work, CPU_PER_ISA(conv2d_f32)},
      {OpNumber::conv2d, DType::bf16, work, CPU_PER_ISA(conv2d_bf16)},
      {OpNumber::conv2d, DType::f16, work, CPU_PER_ISA(conv2d_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
