// y = function(x), element by element. docs/numerics.md gives the formulas.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/unary.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include <array>

#include "device/cpu/elementwise-inl.h"
#include "device/cpu/math-inl.h"
#include "ops/functions.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

HWY_INLINE Part relu(Part x) {
  return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(PartTag())), x);
}

HWY_INLINE Part sqrt(Part x) {
  return hn::Sqrt(x);
}

using ops::Function;

// The function, named at compile time so that each has a loop of its own.
template <Function kFunction>
HWY_INLINE Part apply(Part x) {
  if constexpr (kFunction == Function::relu) return relu(x);
  if constexpr (kFunction == Function::gelu) return gelu(x);
  if constexpr (kFunction == Function::gelu_tanh) return gelu_tanh(x);
  if constexpr (kFunction == Function::sigmoid) return sigmoid(x);
  if constexpr (kFunction == Function::tanh) return tanh(x);
  if constexpr (kFunction == Function::sqrt) return sqrt(x);
}

template <Function kFunction>
void map(const Call& call, std::uint64_t begin, std::uint64_t end) {
  map_elements(call, begin, end, [](const Lanes& x) HWY_ATTR {
    Lanes y;
    for (std::size_t p = 0; p < kParts; ++p) y.part[p] = apply<kFunction>(x.part[p]);
    return y;
  });
}

void unary(const Call& call, std::uint64_t begin, std::uint64_t end) {
  // By the attribute's value.
  static constexpr std::array<RunFunction, ops::kFunctionCount> kMaps = {
      map<Function::relu>,    map<Function::gelu>, map<Function::gelu_tanh>,
      map<Function::sigmoid>, map<Function::tanh>, map<Function::sqrt>};
  const std::int64_t function = call.integer(ops::AttributeId::function);
  kMaps[static_cast<std::size_t>(function)](call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return HWY_NAMESPACE::elementwise_work(call, 1);
}

}  // namespace

std::span<const Kernel> unary_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::unary, DType::f32, work, CPU_PER_ISA(unary)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
