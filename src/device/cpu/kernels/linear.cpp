// y_i [rows, N_i] = x [rows, K] . w_i [N_i, K]^T, up to four weights at once.
//
// Order: each output is the sixteen-lane sum over k. With one row the weights are streamed once and
// memory bounds it; several outputs at a time keep enough fma chains in flight. Those of a tile lie
// apart, so that each is a stream of its own over several rows of weights: neighbouring rows are
// often one page apart, where prefetching and the first cache's sets serve several streams badly
// (measured on an AMD EPYC of 2021 with rows of 4 KiB: 17 GB/s a thread, against 13). With many
// rows a tile of outputs x rows uses each loaded part several times. Arithmetic bounds that, as
// long as the weights are there when they are needed: the next block's are fetched into the second
// cache while this one is worked on, a line at a time, since many at once hold up the loads after
// them.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/linear.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/dot_block-inl.h"
#include "device/cpu/kernel.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

inline constexpr std::uint64_t kLineBytes = 64;
inline constexpr int kSecondCache = 2;  // as __builtin_prefetch() counts

// A block of outputs of one weight and a block of rows: one item.
template <typename T>
struct LinearBlock {
  const T* weights;  // of the first output
  std::uint64_t depth;
  std::size_t outputs, rows;
  const float* x[kBlockRows];
  float* y[kBlockRows];  // at the first output

  // What of the weights is still to be fetched meanwhile; null for nothing.
  const std::byte *ahead, *ahead_end;

  void fetch_while_working(const T* next, std::uint64_t next_outputs) {
    ahead = reinterpret_cast<const std::byte*>(next);
    ahead_end = ahead + next_outputs * depth * sizeof(T);
  }

  template <std::size_t kOutputs, std::size_t kRows>
  HWY_INLINE void tile(std::size_t n, std::size_t apart, std::size_t r) {
    Lanes sum[kOutputs][kRows];
    for (auto& output : sum) {
      for (Lanes& lanes : output) lanes = fill(0);
    }
    // A line for every 64 elements: a block of 16 rows has more tiles than that takes.
    const std::byte* const from = ahead;
    const bool fetches = kRows > 1 && kOutputs > 1 && from < ahead_end;
    const auto fetch = [&](std::uint64_t k) HWY_ATTR {
      if (fetches && k % kLineBytes == 0) __builtin_prefetch(from + k, 0, kSecondCache);
    };
    if (fetches) ahead = from + std::min<std::ptrdiff_t>(depth, ahead_end - from);
    add_products<T, kOutputs, kRows>(x + r, weights + n * depth, apart * depth, depth, sum, fetch);
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t o = 0; o < kOutputs; ++o) y[r + i][n + o * apart] = fold(sum[o][i]);
    }
  }
};

template <typename T>
void linear(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand& x = call.input(0);
  const std::uint64_t rows = x.rows->total();
  const std::uint64_t row_blocks = (rows + kBlockRows - 1) / kBlockRows;
  LinearBlock<T> block;
  block.depth = x.row_elements;
  std::uint64_t first_item = 0;  // of the weight at hand
  for (std::size_t i = 0; i < call.outputs.size(); ++i) {
    const Operand& y = call.output(i);
    const std::uint64_t width = y.row_elements;
    const std::uint64_t output_blocks = (width + kBlockOutputs - 1) / kBlockOutputs;
    const std::uint64_t last_item = first_item + output_blocks * row_blocks;
    // Row blocks come fastest, so that a block of weights stays in the cache.
    for (std::uint64_t item = std::max(begin, first_item); item < std::min(end, last_item);
         ++item) {
      const std::uint64_t n = (item - first_item) / row_blocks * kBlockOutputs;
      const std::uint64_t r = (item - first_item) % row_blocks * kBlockRows;
      block.weights = call.input(1 + i).of_sequence<const T>(0) + n * block.depth;
      block.outputs = std::min(kBlockOutputs, width - n);
      block.rows = std::min(kBlockRows, rows - r);
      for (std::size_t k = 0; k < block.rows; ++k) {
        block.x[k] = x.row<const float>(r + k);
        block.y[k] = y.row<float>(r + k) + n;
      }
      // Only by the last rows that use this block: the others are followed by the same weights.
      const bool last_rows = block.rows > kTileRows && r + block.rows == rows;
      block.fetch_while_working(block.weights + block.outputs * block.depth,
                                last_rows ? std::min(kBlockOutputs, width - n - block.outputs) : 0);
      for_each_tile(block);
    }
    first_item = last_item;
  }
}

void linear_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  linear<float>(call, begin, end);
}
void linear_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  linear<hwy::bfloat16_t>(call, begin, end);
}
void linear_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  linear<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  using HWY_NAMESPACE::kBlockOutputs, HWY_NAMESPACE::kBlockRows;
  const std::uint64_t rows = call.input(0).rows->total();
  const std::uint64_t row_blocks = (rows + kBlockRows - 1) / kBlockRows;
  std::uint64_t output_blocks = 0;
  for (std::size_t i = 0; i < call.outputs.size(); ++i) {
    output_blocks += (call.output(i).row_elements + kBlockOutputs - 1) / kBlockOutputs;
  }
  const std::uint64_t item_rows = std::min(rows, kBlockRows);
  return {output_blocks * row_blocks, kBlockOutputs * item_rows * call.input(0).row_elements / 12};
}

}  // namespace

std::span<const Kernel> linear_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::linear, DType::f32, work, CPU_PER_ISA(linear_f32)},
      {OpNumber::linear, DType::bf16, work, CPU_PER_ISA(linear_bf16)},
      {OpNumber::linear, DType::f16, work, CPU_PER_ISA(linear_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
