// y_i [rows, N_i] = x [rows, K] . w_i [N_i, K]^T, up to four weights at once.
//
// Order: each output is the sixteen-lane sum over k. With one row the weights are streamed once and
// memory bounds it; several outputs at a time keep enough fma chains in flight. Those of a tile lie
// apart, so that each is a stream of its own over several rows of weights: neighbouring rows are
// often one page apart, where prefetching and the first cache's sets serve several streams badly
// (measured on an AMD EPYC of 2021 with rows of 4 KiB: 17 GB/s a thread, against 13). With many
// rows a tile of outputs x rows uses each loaded part several times.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/linear.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// One item: this many outputs of this many rows. Multiples of every tile's sides.
inline constexpr std::uint64_t kLinearBlockOutputs = 16;
inline constexpr std::uint64_t kLinearBlockRows = 24;

// Sides of the tile: as many sums as the registers hold beside the operands.
inline constexpr std::size_t kOneRowOutputs = kParts == 1 ? 8 : 4;
inline constexpr std::size_t kTileOutputs = kParts == 1 ? 4 : 2;
inline constexpr std::size_t kTileRows = kParts == 1 ? 6 : 3;

// A block of outputs of one weight and a block of rows.
template <typename T>
struct LinearBlock {
  const T* weights;  // of the first output
  std::uint64_t depth;
  std::size_t outputs, rows;
  const float* x[kLinearBlockRows];
  float* y[kLinearBlockRows];  // at the first output
};

// Outputs n, n + apart, ... of rows r, r + 1, ...
template <typename T, std::size_t kOutputs, std::size_t kRows>
HWY_INLINE void linear_tile(const LinearBlock<T>& block, std::size_t n, std::size_t apart,
                            std::size_t r) {
  const std::uint64_t depth = block.depth, whole = depth / kLanes * kLanes;
  Lanes sum[kOutputs][kRows];
  for (auto& output : sum) {
    for (Lanes& lanes : output) lanes = fill(0);
  }
  const T* const weights = block.weights + n * depth;
  const std::uint64_t step = apart * depth;
  for (std::uint64_t k = 0; k < whole; k += kLanes) {
    for (std::size_t p = 0; p < kParts; ++p) {
      const std::uint64_t at = k + p * kPartLanes;
      Part w[kOutputs];
      for (std::size_t o = 0; o < kOutputs; ++o) w[o] = load_part(weights + o * step + at);
      for (std::size_t i = 0; i < kRows; ++i) {
        const Part x = load_part(block.x[r + i] + at);
        for (std::size_t o = 0; o < kOutputs; ++o) {
          sum[o][i].part[p] = fma(x, w[o], sum[o][i].part[p]);
        }
      }
    }
  }
  if (whole < depth) {
    for (std::size_t i = 0; i < kRows; ++i) {
      const Lanes x = load_first(block.x[r + i] + whole, depth - whole);
      for (std::size_t o = 0; o < kOutputs; ++o) {
        sum[o][i] = fma(x, load_first(weights + o * step + whole, depth - whole), sum[o][i]);
      }
    }
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t o = 0; o < kOutputs; ++o) block.y[r + i][n + o * apart] = fold(sum[o][i]);
  }
}

// All outputs of kRows rows.
template <typename T, std::size_t kOutputs, std::size_t kRows>
HWY_INLINE void linear_rows(const LinearBlock<T>& block, std::size_t r) {
  const std::size_t apart = block.outputs / kOutputs;
  for (std::size_t n = 0; n < apart; ++n) linear_tile<T, kOutputs, kRows>(block, n, apart, r);
  for (std::size_t n = apart * kOutputs; n < block.outputs; ++n) {
    linear_tile<T, 1, kRows>(block, n, 1, r);
  }
}

template <typename T>
HWY_INLINE void linear_block(const LinearBlock<T>& block) {
  std::size_t r = 0;
  for (; r + kTileRows <= block.rows; r += kTileRows)
    linear_rows<T, kTileOutputs, kTileRows>(block, r);
  for (; r + 2 <= block.rows; r += 2) linear_rows<T, kTileOutputs, 2>(block, r);
  for (; r < block.rows; ++r) linear_rows<T, kOneRowOutputs, 1>(block, r);
}

template <typename T>
void linear(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand& x = call.input(0);
  const std::uint64_t rows = x.rows->total();
  const std::uint64_t row_blocks = (rows + kLinearBlockRows - 1) / kLinearBlockRows;
  LinearBlock<T> block;
  block.depth = x.row_elements;
  std::uint64_t first_item = 0;  // of the weight at hand
  for (std::size_t i = 0; i < call.outputs.size(); ++i) {
    const Operand& y = call.output(i);
    const std::uint64_t width = y.row_elements;
    const std::uint64_t output_blocks = (width + kLinearBlockOutputs - 1) / kLinearBlockOutputs;
    const std::uint64_t last_item = first_item + output_blocks * row_blocks;
    // Row blocks come fastest, so that a block of weights stays in the cache.
    for (std::uint64_t item = std::max(begin, first_item); item < std::min(end, last_item);
         ++item) {
      const std::uint64_t n = (item - first_item) / row_blocks * kLinearBlockOutputs;
      const std::uint64_t r = (item - first_item) % row_blocks * kLinearBlockRows;
      block.weights = call.input(1 + i).of_sequence<const T>(0) + n * block.depth;
      block.outputs = std::min(kLinearBlockOutputs, width - n);
      block.rows = std::min(kLinearBlockRows, rows - r);
      for (std::size_t k = 0; k < block.rows; ++k) {
        block.x[k] = x.row<const float>(r + k);
        block.y[k] = y.row<float>(r + k) + n;
      }
      linear_block(block);
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
  using HWY_NAMESPACE::kLinearBlockOutputs, HWY_NAMESPACE::kLinearBlockRows;
  const std::uint64_t rows = call.input(0).rows->total();
  const std::uint64_t row_blocks = (rows + kLinearBlockRows - 1) / kLinearBlockRows;
  std::uint64_t output_blocks = 0;
  for (std::size_t i = 0; i < call.outputs.size(); ++i) {
    output_blocks += (call.output(i).row_elements + kLinearBlockOutputs - 1) / kLinearBlockOutputs;
  }
  const std::uint64_t item_rows = std::min(rows, kLinearBlockRows);
  return {output_blocks * row_blocks,
          kLinearBlockOutputs * item_rows * call.input(0).row_elements / 12};
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
