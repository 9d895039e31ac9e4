// y = exp(x) / sum(exp(x)) over the last dimension.
//
// Order: m = largest element; z = sixteen-lane sum of exp(x - m); y = exp(x - m) / z. One item is a
// run of elements over which the softmax goes.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/softmax.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include <algorithm>

#include "device/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

HWY_INLINE float largest_of(const float* x, std::uint64_t width) {
  float largest = x[0];
  for (std::uint64_t i = 1; i < width; ++i) largest = std::max(largest, x[i]);
  return largest;
}

HWY_INLINE Lanes share(const Lanes& x, const Lanes& negative, const Lanes& sum) {
  const Lanes terms = exp(add(x, negative));
  Lanes shares;
  for (std::size_t p = 0; p < kParts; ++p) shares.part[p] = hn::Div(terms.part[p], sum.part[p]);
  return shares;
}

HWY_INLINE void softmax_run(const float* x, float* y, std::uint64_t width) {
  const float largest = largest_of(x, width);
  const Lanes negative = fill(-largest), sum = fill(sum_of_exp(x, width, largest));
  std::uint64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) store(share(load(x + i), negative, sum), y + i);
  if (i < width) {
    store_first(share(load_first(x + i, width - i), negative, sum), y + i, width - i);
  }
}

// The elements over which the softmax of a row goes: those of its last dimension.
inline std::uint64_t run_elements(const Operand& x) {
  std::uint64_t last = 0;
  for (const std::uint64_t dim : x.dims) last = dim > 0 ? dim : last;
  return last;
}

void softmax(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &y = call.output(0);
  const std::uint64_t width = run_elements(x), runs = x.row_elements / width;
  for (std::uint64_t item = begin; item < end; ++item) {
    const std::uint64_t first = item % runs * width;
    softmax_run(x.row<const float>(item / runs) + first, y.row<float>(item / runs) + first, width);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  const Operand& x = call.input(0);
  const std::uint64_t width = HWY_NAMESPACE::run_elements(x);
  return {x.rows->total() * (x.row_elements / width), 20 + width * 3};
}

}  // namespace

std::span<const Kernel> softmax_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::softmax, DType::f32, work, CPU_PER_ISA(softmax)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
