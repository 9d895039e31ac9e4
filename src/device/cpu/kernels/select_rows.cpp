// y [R, D] = rows of x [rows, D] at indices [R], which count the rows of the same sequence. One
// item is a row.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/select_rows.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

void select_rows(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &indices = call.input(1), &y = call.output(0);
  for (std::uint64_t r = begin; r < end; ++r) {
    const std::size_t sequence = indices.rows->sequence_of(r);
    const std::uint64_t count = x.row_count(sequence);
    const std::uint64_t row = read_index(indices.row<const std::int32_t>(r), count, *call.faults);
    if (row >= count) continue;  // a sequence without rows
    std::copy_n(x.of_sequence<const float>(sequence) + row * x.row_elements, x.row_elements,
                y.row<float>(r));
  }
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

std::span<const Kernel> select_rows_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::select_rows, DType::f32, work, CPU_PER_ISA(select_rows)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
