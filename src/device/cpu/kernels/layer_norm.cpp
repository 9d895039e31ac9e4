// y [rows, D] = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight [D] + bias [D].
//
// Order: m = sixteen-lane sum of x / D; q = sixteen-lane sum of (x - m) (x - m); r = 1 / sqrt(q / D
// + epsilon); y = fma((x - m) r, w, b). One item is a row.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/layer_norm.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include <cmath>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

HWY_INLINE float mean_of(const float* x, std::uint64_t width) {
  const std::uint64_t whole = width / kLanes * kLanes;
  Lanes sum = fill(0);
  for (std::uint64_t d = 0; d < whole; d += kLanes) sum = add(sum, load(x + d));
  if (whole < width) sum = add(sum, load_first(x + whole, width - whole));
  return fold(sum) / static_cast<float>(width);
}

HWY_INLINE float variance_of(const float* x, std::uint64_t width, float mean) {
  const std::uint64_t whole = width / kLanes * kLanes, rest = width - whole;
  const Lanes negative = fill(-mean);
  Lanes squares = fill(0);
  for (std::uint64_t d = 0; d < whole; d += kLanes) {
    const Lanes difference = add(load(x + d), negative);
    squares = fma(difference, difference, squares);
  }
  if (rest > 0) {
    // Places beyond the row hold 0 and not 0 - mean.
    HWY_ALIGN float differences[kLanes];
    store(add(load_first(x + whole, rest), negative), differences);
    const Lanes difference = load_first(differences, rest);
    squares = fma(difference, difference, squares);
  }
  return fold(squares) / static_cast<float>(width);
}

template <typename T>
void layer_norm(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &y = call.output(0);
  const T* const weight = call.input(1).of_sequence<const T>(0);
  const T* const bias = call.input(2).of_sequence<const T>(0);
  const float epsilon = call.number(ops::AttributeId::epsilon);
  const std::uint64_t width = x.row_elements, whole = width / kLanes * kLanes, rest = width - whole;
  for (std::uint64_t r = begin; r < end; ++r) {
    const float* const from = x.row<const float>(r);
    float* const to = y.row<float>(r);
    const float mean = mean_of(from, width);
    const Lanes negative = fill(-mean);
    const Lanes scale = fill(1.0f / std::sqrt(variance_of(from, width, mean) + epsilon));
    for (std::uint64_t d = 0; d < whole; d += kLanes) {
      const Lanes normal = multiply(add(load(from + d), negative), scale);
      store(fma(normal, load(weight + d), load(bias + d)), to + d);
    }
    if (rest > 0) {
      const Lanes normal = multiply(add(load_first(from + whole, rest), negative), scale);
      const Lanes w = load_first(weight + whole, rest), b = load_first(bias + whole, rest);
      store_first(fma(normal, w, b), to + whole, rest);
    }
  }
}

void layer_norm_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  layer_norm<float>(call, begin, end);
}
void layer_norm_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  layer_norm<hwy::bfloat16_t>(call, begin, end);
}
void layer_norm_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  layer_norm<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return {call.input(0).rows->total(), 40 + call.input(0).row_elements / 2};
}

}  // namespace

std::span<const Kernel> layer_norm_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::layer_norm, DType::f32, work, CPU_PER_ISA(layer_norm_f32)},
      {OpNumber::layer_norm, DType::bf16, work, CPU_PER_ISA(layer_norm_bf16)},
      {OpNumber::layer_norm, DType::f16, work, CPU_PER_ISA(layer_norm_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
