// y [rows, D] = x * weight [D] / sqrt(mean(x^2) + epsilon).
//
// Order: q = sixteen-lane sum of x x; r = 1 / sqrt(q / D + epsilon); y = (x r) w. One item is a
// row.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/rms_norm.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

template <typename T>
HWY_INLINE void rms_norm_row(const float* x, const T* weight, float* y, std::uint64_t width,
                             float epsilon) {
  const std::uint64_t whole = width / kLanes * kLanes, rest = width - whole;
  Lanes squares = fill(0);
  for (std::uint64_t d = 0; d < whole; d += kLanes) {
    const Lanes lanes = load(x + d);
    squares = fma(lanes, lanes, squares);
  }
  if (rest > 0) {
    const Lanes lanes = load_first(x + whole, rest);
    squares = fma(lanes, lanes, squares);
  }
  const float r = 1.0f / std::sqrt(fold(squares) / static_cast<float>(width) + epsilon);
  const Lanes scale = fill(r);
  for (std::uint64_t d = 0; d < whole; d += kLanes) {
    store(multiply(multiply(load(x + d), scale), load(weight + d)), y + d);
  }
  if (rest > 0) {
    const Lanes normal = multiply(load_first(x + whole, rest), scale);
    store_first(multiply(normal, load_first(weight + whole, rest)), y + whole, rest);
  }
}

template <typename T>
void rms_norm(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &y = call.output(0);
  const T* const weight = call.input(1).of_sequence<const T>(0);
  const float epsilon = call.number(ops::AttributeId::epsilon);
  for (std::uint64_t r = begin; r < end; ++r) {
    rms_norm_row(x.row<const float>(r), weight, y.row<float>(r), x.row_elements, epsilon);
  }
}

void rms_norm_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  rms_norm<float>(call, begin, end);
}
void rms_norm_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  rms_norm<hwy::bfloat16_t>(call, begin, end);
}
void rms_norm_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  rms_norm<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return {call.input(0).rows->total(), 20 + call.input(0).row_elements / 4};
}

}  // namespace

std::span<const Kernel> rms_norm_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::rms_norm, DType::f32, work, CPU_PER_ISA(rms_norm_f32)},
      {OpNumber::rms_norm, DType::bf16, work, CPU_PER_ISA(rms_norm_bf16)},
      {OpNumber::rms_norm, DType::f16, work, CPU_PER_ISA(rms_norm_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
