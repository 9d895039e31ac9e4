// y = (gate / (1 + exp(-gate))) up, element by element.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/swiglu.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// One item is a piece of a row.
inline constexpr std::uint64_t kPieceElements = 1024;

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
  const Operand &first = call.input(0), &second = call.input(1), &y = call.output(0);
  const std::uint64_t pieces = (y.row_elements + kPieceElements - 1) / kPieceElements;
  for (std::uint64_t item = begin; item < end; ++item) {
    const std::uint64_t r = item / pieces, start = item % pieces * kPieceElements;
    const std::uint64_t count = std::min(kPieceElements, y.row_elements - start);
    const float* const a = first.row<const float>(r) + start;
    const float* const b = second.row<const float>(r) + start;
    float* const to = y.row<float>(r) + start;
    std::uint64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) store(swiglu(load(a + i), load(b + i)), to + i);
    if (i < count) {
      store_first(swiglu(load_first(a + i, count - i), load_first(b + i, count - i)), to + i,
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
  return {y.rows->total() * pieces, 10 + std::min(kPieceElements, y.row_elements)};
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
