// y_i [rows, N_i] = x [rows, K] . w_i [N_i, K]^T, up to four weights at once.
//
// Order: each output is the sixteen-lane sum over k. With few rows the weights are streamed once
// and memory bounds it; several outputs at a time keep enough fma chains in flight. Those of a tile
// lie apart, so that each is a stream of its own over several rows of weights: neighbouring rows
// are often one page apart, where prefetching and the first cache's sets serve several streams
// badly (measured on an AMD EPYC of 2021 with rows of 4 KiB: 17 GB/s a thread, against 13). With
// many rows arithmetic bounds it, which many_rows-inl.h is for.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/linear.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include <memory>

#include "device/cpu/dot_block-inl.h"
#include "device/cpu/kernel.h"
#include "device/cpu/many_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// An item is a block of outputs of one weight and a block of rows. Row blocks come fastest, so that
// a block of weights stays in a cache.
struct LinearItems {
  explicit LinearItems(std::uint64_t rows)
      : row_blocks((rows + kManyRows - 1) / kManyRows),
        outputs(row_blocks == 1 ? kBlockOutputs : kManyOutputs) {}

  std::uint64_t count(std::uint64_t width) const {
    return (width + outputs - 1) / outputs * row_blocks;
  }

  std::uint64_t row_blocks, outputs;
};

// A block of outputs of one weight and all rows, which are few.
template <typename T>
struct FewRows {
  const T* weights;  // of the first output
  std::uint64_t depth;
  std::size_t outputs, rows;
  const float* const* x;
  float* const* y;  // at the first output

  template <std::size_t kOutputs, std::size_t kRows>
  HWY_INLINE void tile(std::size_t n, std::size_t apart, std::size_t r) {
    Lanes sum[kOutputs][kRows];
    for (auto& output : sum) {
      for (Lanes& lanes : output) lanes = fill(0);
    }
    add_products<T, kOutputs, kRows>(x + r, weights + n * depth, apart * depth, depth, sum);
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t o = 0; o < kOutputs; ++o) y[r + i][n + o * apart] = fold(sum[o][i]);
    }
  }
};

// `outputs` of one weight from output n on, and `rows` rows from row r on.
template <typename T>
void multiply_block(const Call& call, std::size_t weight, std::uint64_t n, std::size_t outputs,
                    std::uint64_t r, std::size_t rows) {
  const Operand& x = call.input(0);
  const Operand& y = call.output(weight);
  const T* const weights = call.input(1 + weight).of_sequence<const T>(0) + n * x.row_elements;
  const float* from[kManyRows];
  float* to[kManyRows];
  for (std::size_t i = 0; i < rows; ++i) {
    from[i] = x.row<const float>(r + i);
    to[i] = y.row<float>(r + i) + n;
  }
  if (rows <= kTileRows) {
    FewRows<T> block = {weights, x.row_elements, outputs, rows, from, to};
    for_each_tile(block);
  } else {
    static thread_local const auto many = std::make_unique<ManyRows>();
    many->multiply(from, rows, weights, outputs, x.row_elements, to);
  }
}

template <typename T>
void linear(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t rows = call.input(0).rows->total();
  const LinearItems items(rows);
  std::uint64_t first_item = 0;  // of the weight at hand
  for (std::size_t i = 0; i < call.outputs.size(); ++i) {
    const std::uint64_t width = call.output(i).row_elements;
    const std::uint64_t last_item = first_item + items.count(width);
    std::uint64_t item = std::max(begin, first_item);
    while (item < std::min(end, last_item)) {
      const std::uint64_t n = (item - first_item) / items.row_blocks * items.outputs;
      const std::uint64_t r = (item - first_item) % items.row_blocks * kManyRows;
      // Items with all rows are done together: what is done once for a block is shared.
      const std::uint64_t together =
          items.row_blocks == 1
              ? std::min(kManyOutputs / items.outputs, std::min(end, last_item) - item)
              : 1;
      multiply_block<T>(call, i, n, std::min(together * items.outputs, width - n), r,
                        std::min(kManyRows, rows - r));
      item += together;
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
  const std::uint64_t rows = call.input(0).rows->total();
  const HWY_NAMESPACE::LinearItems items(rows);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < call.outputs.size(); ++i) {
    count += items.count(call.output(i).row_elements);
  }
  const std::uint64_t item_rows = std::min<std::uint64_t>(rows, HWY_NAMESPACE::kManyRows);
  return {count, items.outputs * item_rows * call.input(0).row_elements / 12};
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
