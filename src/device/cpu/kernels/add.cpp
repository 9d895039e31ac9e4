// c = a + b, one addition an element.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/add.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/pairwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

void add(const Call& call, std::uint64_t begin, std::uint64_t end) {
  combine_pairs(call, begin, end,
                [](const Lanes& a, const Lanes& b) HWY_ATTR { return add(a, b); });
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return HWY_NAMESPACE::pairwise_work(call, 0.25);
}

}  // namespace

std::span<const Kernel> add_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::add, DType::f32, work, CPU_PER_ISA(add)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
