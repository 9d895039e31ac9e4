// Ops that make each element of y from the same element of their inputs. Rows are cut into pieces,
// which are the items that threads take.
#if defined(DRIFTWOOD_DEVICE_CPU_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRIFTWOOD_DEVICE_CPU_ELEMENTWISE_INL_H_
#undef DRIFTWOOD_DEVICE_CPU_ELEMENTWISE_INL_H_
#else
#define DRIFTWOOD_DEVICE_CPU_ELEMENTWISE_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "device/cpu/kernel.h"
#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

inline constexpr std::uint64_t kPieceElements = 1024;

// Calls `work(row, first element, element count)` for the items [begin, end) of y's rows.
template <typename Function>
HWY_INLINE void for_each_piece(const Operand& y, std::uint64_t begin, std::uint64_t end,
                               Function work) {
  const std::uint64_t pieces = (y.row_elements + kPieceElements - 1) / kPieceElements;
  for (std::uint64_t item = begin; item < end; ++item) {
    const std::uint64_t start = item % pieces * kPieceElements;
    work(item / pieces, start, std::min(kPieceElements, y.row_elements - start));
  }
}

// y = function(x) for the items [begin, end), sixteen elements at a time.
template <typename Function>
HWY_INLINE void map_elements(const Call& call, std::uint64_t begin, std::uint64_t end,
                             Function function) {
  const Operand &x = call.input(0), &y = call.output(0);
  for_each_piece(y, begin, end,
                 [&](std::uint64_t r, std::uint64_t start, std::uint64_t count) HWY_ATTR {
                   const float* const from = x.row<const float>(r) + start;
                   float* const to = y.row<float>(r) + start;
                   std::uint64_t i = 0;
                   for (; i + kLanes <= count; i += kLanes) store(function(load(from + i)), to + i);
                   if (i < count)
                     store_first(function(load_first(from + i, count - i)), to + i, count - i);
                 });
}

// y = combine(a, b) for the items [begin, end). b is of a's shape, or one row for all rows of its
// sequence.
template <typename T, typename Combine>
HWY_INLINE void combine_pairs(const Call& call, std::uint64_t begin, std::uint64_t end,
                              Combine combine) {
  const Operand &first = call.input(0), &second = call.input(1), &y = call.output(0);
  // Operands of one shape share their map of rows.
  const bool one_row = second.rows != first.rows || second.row_elements != first.row_elements;
  for_each_piece(
      y, begin, end, [&](std::uint64_t r, std::uint64_t start, std::uint64_t count) HWY_ATTR {
        const float* const a = first.row<const float>(r) + start;
        const T* const b = start + (one_row ? second.of_sequence<const T>(y.rows->sequence_of(r))
                                            : second.row<const T>(r));
        float* const to = y.row<float>(r) + start;
        std::uint64_t i = 0;
        for (; i + kLanes <= count; i += kLanes) store(combine(load(a + i), load(b + i)), to + i);
        if (i < count) {
          const std::size_t rest = count - i;
          store_first(combine(load_first(a + i, rest), load_first(b + i, rest)), to + i, rest);
        }
      });
}

// The items of such an op. `element_cycles` is what one element costs, roughly.
inline Work elementwise_work(const Call& call, double element_cycles) {
  const Operand& y = call.output(0);
  const std::uint64_t pieces = (y.row_elements + kPieceElements - 1) / kPieceElements;
  const auto elements = static_cast<double>(std::min(kPieceElements, y.row_elements));
  return {y.rows->total() * pieces, 10 + static_cast<std::uint64_t>(elements * element_cycles)};
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#endif
