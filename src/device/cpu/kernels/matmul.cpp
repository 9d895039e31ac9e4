// c [M, N] = a [M, K] b [K, N].
//
// Order: each output is one chain, fma(a[m,k], b[k,n], sum), k ascending from +0. A tile of rows x
// columns keeps its sums in registers; one item is a block of rows of c.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/matmul.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

inline constexpr std::uint64_t kMatmulBlockRows = 4;

// kRows x 16 columns of c, of which the first `columns` are there.
template <std::size_t kRows, bool kWhole>
HWY_INLINE void matmul_tile(const float* a, const float* b, float* c, std::uint64_t depth,
                            std::uint64_t width, std::size_t columns) {
  Lanes sum[kRows];
  for (Lanes& lanes : sum) lanes = fill(0);
  for (std::uint64_t k = 0; k < depth; ++k) {
    const float* const from = b + k * width;
    const Lanes row = kWhole ? load(from) : load_first(from, columns);
    for (std::size_t m = 0; m < kRows; ++m) sum[m] = fma(fill(a[m * depth + k]), row, sum[m]);
  }
  for (std::size_t m = 0; m < kRows; ++m) {
    if constexpr (kWhole) {
      store(sum[m], c + m * width);
    } else {
      store_first(sum[m], c + m * width, columns);
    }
  }
}

template <std::size_t kRows>
HWY_INLINE void matmul_rows(const float* a, const float* b, float* c, std::uint64_t depth,
                            std::uint64_t width) {
  std::uint64_t n = 0;
  for (; n + kLanes <= width; n += kLanes) {
    matmul_tile<kRows, true>(a, b + n, c + n, depth, width, kLanes);
  }
  if (n < width) matmul_tile<kRows, false>(a, b + n, c + n, depth, width, width - n);
}

void matmul(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &a = call.input(0), &b = call.input(1), &c = call.output(0);
  const std::uint64_t depth = a.row_elements, width = b.row_elements;
  const std::uint64_t last = std::min(end * kMatmulBlockRows, a.rows->total());
  for (std::uint64_t r = begin * kMatmulBlockRows; r < last;) {
    // Rows of one sequence lie without gaps and share their b.
    const std::size_t sequence = a.rows->sequence_of(r);
    const std::uint64_t rest = std::min(last, a.rows->first[sequence + 1]) - r;
    const float* const from = a.row<const float>(r);
    float* const to = c.row<float>(r);
    if (rest >= kMatmulBlockRows) {
      matmul_rows<kMatmulBlockRows>(from, b.of_sequence<const float>(sequence), to, depth, width);
      r += kMatmulBlockRows;
    } else {
      matmul_rows<1>(from, b.of_sequence<const float>(sequence), to, depth, width);
      ++r;
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
  using HWY_NAMESPACE::kMatmulBlockRows;
  const Operand &a = call.input(0), &b = call.input(1);
  const std::uint64_t items = (a.rows->total() + kMatmulBlockRows - 1) / kMatmulBlockRows;
  return {items, kMatmulBlockRows * a.row_elements * b.row_elements / 12};
}

}  // namespace

std::span<const Kernel> matmul_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::matmul, DType::f32, work, CPU_PER_ISA(matmul)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
