// y [rows, n] = the elements [begin, begin + n) of each row of x. One item is a row.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/slice.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

void slice(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &y = call.output(0);
  const std::int64_t first = call.integer(ops::AttributeId::begin);
  for (std::uint64_t r = begin; r < end; ++r) {
    std::copy_n(x.row<const float>(r) + first, y.row_elements, y.row<float>(r));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return {call.output(0).rows->total(), 10 + call.output(0).row_elements / 4};
}

}  // namespace

std::span<const Kernel> slice_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::slice, DType::f32, work, CPU_PER_ISA(slice)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
