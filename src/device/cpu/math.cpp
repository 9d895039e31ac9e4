#include "device/cpu/math.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/math.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

template <typename Function>
HWY_INLINE void map_all(const float* x, float* y, std::size_t count, Function function) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const std::size_t n = std::min(kLanes, count - i);
    Lanes lanes = load_first(x + i, n);
    for (std::size_t p = 0; p < kParts; ++p) lanes.part[p] = function(lanes.part[p]);
    store_first(lanes, y + i, n);
  }
}

void exp_all(const float* x, float* y, std::size_t count) {
  map_all(x, y, count, [](Part part) HWY_ATTR { return exp(part); });
}

void tanh_all(const float* x, float* y, std::size_t count) {
  map_all(x, y, count, [](Part part) HWY_ATTR { return tanh(part); });
}

void sigmoid_all(const float* x, float* y, std::size_t count) {
  map_all(x, y, count, [](Part part) HWY_ATTR { return sigmoid(part); });
}

void gelu_all(const float* x, float* y, std::size_t count) {
  map_all(x, y, count, [](Part part) HWY_ATTR { return gelu(part); });
}

void gelu_tanh_all(const float* x, float* y, std::size_t count) {
  map_all(x, y, count, [](Part part) HWY_ATTR { return gelu_tanh(part); });
}

void log_all(const float* x, float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = log(x[i]);
}

void sin_cos_all(const float* x, float* sin, float* cos, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sin_cos(x[i], sin[i], cos[i]);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {

MathFunctions math_functions(Isa isa) {
  using Table = PerIsa<MathFunctions::Function>;
  constexpr Table kExp = CPU_PER_ISA(exp_all), kLog = CPU_PER_ISA(log_all);
  constexpr Table kTanh = CPU_PER_ISA(tanh_all), kSigmoid = CPU_PER_ISA(sigmoid_all);
  constexpr Table kGelu = CPU_PER_ISA(gelu_all), kGeluTanh = CPU_PER_ISA(gelu_tanh_all);
  constexpr PerIsa<decltype(MathFunctions::sin_cos)> kSinCos = CPU_PER_ISA(sin_cos_all);
  return {kExp.of(isa),  kLog.of(isa),      kTanh.of(isa),  kSigmoid.of(isa),
          kGelu.of(isa), kGeluTanh.of(isa), kSinCos.of(isa)};
}

}  // namespace driftwood::device::cpu
#endif
