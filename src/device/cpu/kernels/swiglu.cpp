// y = (gate / (1 + exp(-gate))) up, element by element.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/swiglu.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/elementwise-inl.h"
#include "device/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

HWY_INLINE Lanes swiglu(const Lanes& gate, const Lanes& up) {
  const PartTag d;
  Lanes y;
  for (std::size_t p = 0; p < kParts; ++p) {
    const Part g = gate.part[p];
    const Part below = hn::Add(hn::Set(d, 1.0f), exp(hn::Neg(g)));
    y.part[p] = hn::Mul(hn::Div(g, below), up.part[p]);
  }
  return y;
}

void swiglu(const Call& call, std::uint64_t begin, std::uint64_t end) {
  combine_pairs<float>(call, begin, end, [](const Lanes& gate, const Lanes& up) HWY_ATTR {
    return swiglu(gate, up);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return HWY_NAMESPACE::elementwise_work(call, 1);
}

}  // namespace

std::span<const Kernel> swiglu_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::swiglu, DType::f32, work, CPU_PER_ISA(swiglu)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
