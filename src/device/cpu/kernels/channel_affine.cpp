// y = fma(x, scale, shift) by channel; with mean and variance fma((x - mean) r, scale, shift), r =
// 1 / sqrt(variance + epsilon). One item is a channel of a row.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/channel_affine.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include <cmath>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// Element `i` of weights of any dtype.
template <typename T>
HWY_INLINE float element(const Operand& weights, std::uint64_t i) {
  HWY_ALIGN float first[kLanes];
  store(load_first(weights.of_sequence<const T>(0) + i, 1), first);
  return first[0];
}

template <typename Function>
HWY_INLINE void map_run(const float* x, float* y, std::uint64_t count, Function function) {
  std::uint64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(function(load(x + i)), y + i);
  if (i < count) store_first(function(load_first(x + i, count - i)), y + i, count - i);
}

template <typename T>
void channel_affine(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &y = call.output(0);
  const bool normalises = call.inputs.size() > 3;
  const float epsilon = normalises ? call.number(ops::AttributeId::epsilon) : 0;
  const std::uint64_t channels = x.dims[1], count = x.row_elements / channels;
  for (std::uint64_t item = begin; item < end; ++item) {
    const std::uint64_t channel = item % channels;
    const float* const from = x.row<const float>(item / channels) + channel * count;
    float* const to = y.row<float>(item / channels) + channel * count;
    const Lanes scale = fill(element<T>(call.input(1), channel));
    const Lanes shift = fill(element<T>(call.input(2), channel));
    if (!normalises) {
      map_run(from, to, count,
              [&](const Lanes& value) HWY_ATTR { return fma(value, scale, shift); });
      continue;
    }
    const Lanes negative = fill(-element<T>(call.input(3), channel));
    const Lanes r = fill(1.0f / std::sqrt(element<T>(call.input(4), channel) + epsilon));
    map_run(from, to, count, [&](const Lanes& value) HWY_ATTR {
      return fma(multiply(add(value, negative), r), scale, shift);
    });
  }
}

void channel_affine_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  channel_affine<float>(call, begin, end);
}
void channel_affine_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  channel_affine<hwy::bfloat16_t>(call, begin, end);
}
void channel_affine_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  channel_affine<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  const Operand& x = call.input(0);
  return {x.rows->total() * x.dims[1], 20 + x.row_elements / x.dims[1] / 4};
}

}  // namespace

std::span<const Kernel> channel_affine_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::channel_affine, DType::f32, work, CPU_PER_ISA(channel_affine_f32)},
      {OpNumber::channel_affine, DType::bf16, work, CPU_PER_ISA(channel_affine_bf16)},
      {OpNumber::channel_affine, DType::f16, work, CPU_PER_ISA(channel_affine_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
