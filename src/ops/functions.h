// The functions that the op unary applies. Values of its attribute, part of the program encoding
// and never reused.
#pragma once

#include <cstdint>

namespace driftwood::ops {

enum class Function : std::int64_t {
  relu = 0,
  gelu = 1,       // x * (1 + erf(x / sqrt(2))) / 2
  gelu_tanh = 2,  // the same with tanh(sqrt(2 / pi) * (x + 0.044715 x^3)) for erf
  sigmoid = 3,
  tanh = 4,
  sqrt = 5,
};

inline constexpr std::int64_t kFunctionCount = 6;

}  // namespace driftwood::ops
