// c = a * b, one product an element; b is of a's shape or one row.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/multiply.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

template <typename T>
void multiply(const Call& call, std::uint64_t begin, std::uint64_t end) {
  combine_pairs<T>(call, begin, end,
                   [](const Lanes& a, const Lanes& b) HWY_ATTR { return multiply(a, b); });
}

void multiply_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  multiply<float>(call, begin, end);
}
void multiply_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  multiply<hwy::bfloat16_t>(call, begin, end);
}
void multiply_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  multiply<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return HWY_NAMESPACE::elementwise_work(call, 0.25);
}

}  // namespace

std::span<const Kernel> multiply_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::multiply, DType::f32, work, CPU_PER_ISA(multiply_f32)},
      {OpNumber::multiply, DType::bf16, work, CPU_PER_ISA(multiply_bf16)},
      {OpNumber::multiply, DType::f16, work, CPU_PER_ISA(multiply_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
