// Ops that make each element of y from the same element of two inputs. Rows are cut into pieces,
// which are the items that threads take.
#if defined(DRIFTWOOD_DEVICE_CPU_PAIRWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRIFTWOOD_DEVICE_CPU_PAIRWISE_INL_H_
#undef DRIFTWOOD_DEVICE_CPU_PAIRWISE_INL_H_
#else
#define DRIFTWOOD_DEVICE_CPU_PAIRWISE_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "device/cpu/kernel.h"
#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

inline constexpr std::uint64_t kPieceElements = 1024;

// y = combine(a, b) for the items [begin, end), sixteen elements at a time.
template <typename Combine>
HWY_INLINE void combine_pairs(const Call& call, std::uint64_t begin, std::uint64_t end,
                              Combine combine) {
  const Operand &first = call.input(0), &second = call.input(1), &y = call.output(0);
  const std::uint64_t pieces = (y.row_elements + kPieceElements - 1) / kPieceElements;
  for (std::uint64_t item = begin; item < end; ++item) {
    const std::uint64_t r = item / pieces, start = item % pieces * kPieceElements;
    const std::uint64_t count = std::min(kPieceElements, y.row_elements - start);
    const float* const a = first.row<const float>(r) + start;
    const float* const b = second.row<const float>(r) + start;
    float* const to = y.row<float>(r) + start;
    std::uint64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) store(combine(load(a + i), load(b + i)), to + i);
    if (i < count) {
      store_first(combine(load_first(a + i, count - i), load_first(b + i, count - i)), to + i,
                  count - i);
    }
  }
}

// The items of such an op. `element_cycles` is what one element costs, roughly.
inline Work pairwise_work(const Call& call, double element_cycles) {
  const Operand& y = call.output(0);
  const std::uint64_t pieces = (y.row_elements + kPieceElements - 1) / kPieceElements;
  const auto elements = static_cast<double>(std::min(kPieceElements, y.row_elements));
  return {y.rows->total() * pieces, 10 + static_cast<std::uint64_t>(elements * element_cycles)};
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#endif
