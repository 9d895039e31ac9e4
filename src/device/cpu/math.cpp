#include "device/cpu/math.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/math.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

void exp_all(const float* x, float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const std::size_t n = std::min(kLanes, count - i);
    store_first(exp(load_first(x + i, n)), y + i, n);
  }
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
  constexpr PerIsa<decltype(MathFunctions::exp)> kExp = CPU_PER_ISA(exp_all);
  constexpr PerIsa<decltype(MathFunctions::log)> kLog = CPU_PER_ISA(log_all);
  constexpr PerIsa<decltype(MathFunctions::sin_cos)> kSinCos = CPU_PER_ISA(sin_cos_all);
  return {kExp.of(isa), kLog.of(isa), kSinCos.of(isa)};
}

}  // namespace driftwood::device::cpu
#endif
