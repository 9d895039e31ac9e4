// c = a + b, one addition an element.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/add.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// One item is a piece of a row.
inline constexpr std::uint64_t kPieceElements = 1024;

void add(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &first = call.input(0), &second = call.input(1), &y = call.output(0);
  const std::uint64_t pieces = (y.row_elements + kPieceElements - 1) / kPieceElements;
  for (std::uint64_t item = begin; item < end; ++item) {
    const std::uint64_t r = item / pieces, start = item % pieces * kPieceElements;
    const std::uint64_t count = std::min(kPieceElements, y.row_elements - start);
    const float* const a = first.row<const float>(r) + start;
    const float* const b = second.row<const float>(r) + start;
    float* const to = y.row<float>(r) + start;
    std::uint64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) store(add(load(a + i), load(b + i)), to + i);
    if (i < count) {
      store_first(add(load_first(a + i, count - i), load_first(b + i, count - i)), to + i,
                  count - i);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  using HWY_NAMESPACE::kPieceElements;
  const Operand& y = call.output(0);
  const std::uint64_t pieces = (y.row_elements + kPieceElements - 1) / kPieceElements;
  return {y.rows->total() * pieces, 10 + std::min(kPieceElements, y.row_elements) / 4};
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
