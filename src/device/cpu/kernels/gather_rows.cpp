// rows [rows, D] = table [count, D] at ids [rows], converted to f32, which is exact. One item is a
// row.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/gather_rows.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

template <typename T>
void gather_rows(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &table = call.input(0), &ids = call.input(1), &y = call.output(0);
  const std::uint64_t width = table.dims[1];
  for (std::uint64_t r = begin; r < end; ++r) {
    const std::size_t sequence = ids.rows->sequence_of(r);
    const std::uint64_t count = table.row_count(sequence);
    const std::uint64_t id = read_index(ids.row<const std::int32_t>(r), count, *call.faults);
    if (id >= count) continue;  // an empty table
    const T* const from = table.of_sequence<const T>(sequence) + id * width;
    float* const to = y.row<float>(r);
    std::uint64_t d = 0;
    for (; d + kLanes <= width; d += kLanes) store(load(from + d), to + d);
    if (d < width) store_first(load_first(from + d, width - d), to + d, width - d);
  }
}

void gather_rows_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  gather_rows<float>(call, begin, end);
}
void gather_rows_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  gather_rows<hwy::bfloat16_t>(call, begin, end);
}
void gather_rows_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  gather_rows<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return {call.input(1).rows->total(), 20 + call.output(0).row_elements / 4};
}

}  // namespace

std::span<const Kernel> gather_rows_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::gather_rows, DType::f32, work, CPU_PER_ISA(gather_rows_f32)},
      {OpNumber::gather_rows, DType::bf16, work, CPU_PER_ISA(gather_rows_bf16)},
      {OpNumber::gather_rows, DType::f16, work, CPU_PER_ISA(gather_rows_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
