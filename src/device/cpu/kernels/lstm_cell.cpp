// One step of a long short-term memory, gates i, f, g, o.
//
// Order: each gate is (sixteen-lane sum of x w + input bias) + (sixteen-lane sum of h w + hidden
// bias); next c = fma(sigmoid(f), c, sigmoid(i) tanh(g)), next h = sigmoid(o) tanh(next c). One
// item is sixteen units of a block of rows.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/lstm_cell.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include <algorithm>

#include "device/cpu/dot_block-inl.h"
#include "device/cpu/kernel.h"
#include "device/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

inline constexpr std::size_t kGates = 4;

// A block of rows: of x, h or c.
struct RowBlock {
  std::size_t count;
  const float* row[kBlockRows];

  RowBlock(const Operand& operand, std::uint64_t first)
      : count(std::min(kBlockRows, operand.rows->total() - first)) {
    for (std::size_t i = 0; i < count; ++i) row[i] = operand.row<const float>(first + i);
  }
};

// The half of a gate that comes from one input, of sixteen units.
template <typename T>
HWY_NOINLINE void half_gate(const RowBlock& x, const Operand& weights, const Operand& bias,
                          std::uint64_t first, std::size_t units, float (*half)[kBlockOutputs]) {
  const std::uint64_t depth = weights.row_elements;
  DotSums sums;
  dot_block(x.row, x.count, weights.of_sequence<const T>(0) + first * depth, units, depth, sums);
  HWY_ALIGN float added[kLanes];
  store(load_first(bias.of_sequence<const T>(0) + first, units), added);
  for (std::size_t r = 0; r < x.count; ++r) {
    for (std::size_t n = 0; n < units; ++n) half[r][n] = fold(sums.lanes[r][n]) + added[n];
  }
}

// The next state of one row from its gates.
HWY_INLINE void update(const Lanes* gates, const float* c, float* next_h, float* next_c,
                       std::size_t units) {
  const Lanes before = load_first(c, units);
  Lanes h, cell;
  for (std::size_t p = 0; p < kParts; ++p) {
    const Part fresh = hn::Mul(sigmoid(gates[0].part[p]), tanh(gates[2].part[p]));
    cell.part[p] = fma(sigmoid(gates[1].part[p]), before.part[p], fresh);
    h.part[p] = hn::Mul(sigmoid(gates[3].part[p]), tanh(cell.part[p]));
  }
  store_first(cell, next_c, units);
  store_first(h, next_h, units);
}

template <typename T>
void lstm_cell(const Call& call, std::uint64_t begin, std::uint64_t end) {
  static_assert(kBlockOutputs == kLanes);
  const Operand &next_h = call.output(0), &next_c = call.output(1);
  const std::uint64_t width = next_h.row_elements, groups = (width + kLanes - 1) / kLanes;
  for (std::uint64_t item = begin; item < end; ++item) {
    const std::uint64_t first_row = item / groups * kBlockRows, first = item % groups * kLanes;
    const std::size_t units = std::min<std::uint64_t>(kLanes, width - first);
    const RowBlock x(call.input(0), first_row), h(call.input(1), first_row);
    const RowBlock c(call.input(2), first_row);
    HWY_ALIGN float from_x[kGates][kBlockRows][kLanes], from_h[kGates][kBlockRows][kLanes];
    for (std::size_t g = 0; g < kGates; ++g) {
      const std::uint64_t row = g * width + first;
      half_gate<T>(x, call.input(3), call.input(5), row, units, from_x[g]);
      half_gate<T>(h, call.input(4), call.input(6), row, units, from_h[g]);
    }
    for (std::size_t r = 0; r < x.count; ++r) {
      Lanes gates[kGates];
      for (std::size_t g = 0; g < kGates; ++g) {
        gates[g] = add(load_first(from_x[g][r], units), load_first(from_h[g][r], units));
      }
      update(gates, c.row[r] + first, next_h.row<float>(first_row + r) + first,
             next_c.row<float>(first_row + r) + first, units);
    }
  }
}

void lstm_cell_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  lstm_cell<float>(call, begin, end);
}
void lstm_cell_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  lstm_cell<hwy::bfloat16_t>(call, begin, end);
}
void lstm_cell_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  lstm_cell<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  using HWY_NAMESPACE::kBlockRows, HWY_NAMESPACE::kLanes;
  const std::uint64_t rows = call.output(0).rows->total(), width = call.output(0).row_elements;
  const std::uint64_t depth = call.input(3).row_elements + call.input(4).row_elements;
  return {(rows + kBlockRows - 1) / kBlockRows * ((width + kLanes - 1) / kLanes),
          100 + std::min(rows, kBlockRows) * kLanes * depth / 2};
}

}  // namespace

std::span<const Kernel> lstm_cell_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::lstm_cell, DType::f32, work, CPU_PER_ISA(lstm_cell_f32)},
      {OpNumber::lstm_cell, DType::bf16, work, CPU_PER_ISA(lstm_cell_bf16)},
      {OpNumber::lstm_cell, DType::f16, work, CPU_PER_ISA(lstm_cell_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
