// The kernels' elementary functions on arrays, so that tests can look at them by themselves.
#pragma once

#include <cstddef>

#include "device/cpu/isa.h"

namespace driftwood::device::cpu {

struct MathFunctions {
  using Function = void (*)(const float* x, float* y, std::size_t count);

  Function exp, log, tanh, sigmoid, gelu, gelu_tanh;
  void (*sin_cos)(const float* x, float* sin, float* cos, std::size_t count);
};

// Precondition: `isa` is usable.
MathFunctions math_functions(Isa isa);

}  // namespace driftwood::device::cpu
