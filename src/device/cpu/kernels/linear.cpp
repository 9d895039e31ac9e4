// y_i [rows, N_i] = x [rows, K] . w_i [N_i, K]^T, up to four weights at once.
//
// Order: each output is the sixteen-lane sum over k. With one row the weights are streamed once and
// memory bounds it; several outputs at a time keep enough fma chains in flight. With more rows a
// tile of outputs x rows uses each loaded part several times. One item is a block of outputs and
// rows.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/linear.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/dot_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

template <typename T>
void linear(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand& x = call.input(0);
  const std::uint64_t rows = x.rows->total();
  const std::uint64_t row_blocks = (rows + kBlockRows - 1) / kBlockRows;
  const std::uint64_t depth = x.row_elements;
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
      const std::uint64_t first = (item - first_item) % row_blocks * kBlockRows;
      const T* const weights = call.input(1 + i).of_sequence<const T>(0) + n * depth;
      const std::size_t outputs = std::min(kBlockOutputs, width - n);
      const std::size_t count = std::min(kBlockRows, rows - first);
      const float* from[kBlockRows];
      float* to[kBlockRows];
      for (std::size_t r = 0; r < count; ++r) {
        from[r] = x.row<const float>(first + r);
        to[r] = y.row<float>(first + r) + n;
      }
      DotSums sums;
      dot_block(from, count, weights, outputs, depth, sums);
      for (std::size_t r = 0; r < count; ++r) {
        for (std::size_t o = 0; o < outputs; ++o) to[r][o] = fold(sums.lanes[r][o]);
      }
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
