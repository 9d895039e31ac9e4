// y f32 = x u8, element by element.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/convert.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

void convert(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &y = call.output(0);
  for_each_piece(y, begin, end,
                 [&](std::uint64_t r, std::uint64_t start, std::uint64_t count) HWY_ATTR {
                   const std::uint8_t* const from = x.row<const std::uint8_t>(r) + start;
                   float* const to = y.row<float>(r) + start;
                   for (std::uint64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
                 });
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

std::span<const Kernel> convert_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::convert, DType::f32, work, CPU_PER_ISA(convert)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
