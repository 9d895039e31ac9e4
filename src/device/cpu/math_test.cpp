#include "device/cpu/math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "device/cpu/isa.h"
#include "device/cpu/test_per_isa.h"

namespace driftwood::device::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Every float whose bits are a multiple of `step`, both signs, NaNs left out.
std::vector<float> floats_by_bits(std::uint32_t step) {
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits < 0x7f800000; bits += step) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    values.push_back(value);
    values.push_back(-value);
  }
  values.push_back(kInfinity);
  values.push_back(-kInfinity);
  return values;
}

// The distance in units of the last place of the f32 nearest to `wanted`.
double ulps(float got, double wanted) {
  const auto nearest = static_cast<float>(wanted);
  if (got == nearest || (std::isnan(got) && std::isnan(nearest))) return 0;
  if (!std::isfinite(got) || !std::isfinite(nearest)) return 1e9;
  const float magnitude = std::max(std::fabs(nearest), std::numeric_limits<float>::min());
  const double unit = std::nextafter(magnitude, kInfinity) - double{magnitude};
  return std::fabs(got - wanted) / unit;
}

template <typename Function>
void expect_ulps(const std::vector<float>& x, const std::vector<float>& y, Function&& wanted,
                 double most) {
  double worst = 0;
  float where = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double here = ulps(y[i], wanted(double{x[i]}));
    if (here > worst) worst = here, where = x[i];
  }
  EXPECT_LE(worst, most) << "at " << where;
}

TEST(Math, exp_is_within_one_ulp_everywhere) {
  const std::vector<float> x = floats_by_bits(1009);
  std::vector<float> y(x.size());
  math_functions(usable_isas().front()).exp(x.data(), y.data(), x.size());
  expect_ulps(x, y, [](double v) { return std::exp(v); }, 1.0);
}

TEST(Math, exp_is_within_one_ulp_where_results_are_subnormal) {
  std::vector<float> x;
  for (float v = -104; v < -86; v += 0.00037f) x.push_back(v);
  std::vector<float> y(x.size());
  math_functions(usable_isas().front()).exp(x.data(), y.data(), x.size());
  expect_ulps(x, y, [](double v) { return std::exp(v); }, 1.0);
}

TEST(Math, exp_has_exact_ends) {
  const std::vector<float> x = {0.0f, -0.0f, kInfinity, -kInfinity, 200, -200, std::nanf("")};
  std::vector<float> y(x.size());
  math_functions(usable_isas().front()).exp(x.data(), y.data(), x.size());
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 1);
  EXPECT_EQ(y[2], kInfinity);
  EXPECT_EQ(y[3], 0);
  EXPECT_EQ(y[4], kInfinity);
  EXPECT_EQ(y[5], 0);
  EXPECT_TRUE(std::isnan(y[6]));
}

TEST(Math, log_is_the_nearest_float_nearly_everywhere) {
  const std::vector<float> x = floats_by_bits(1009);
  std::vector<float> y(x.size());
  math_functions(usable_isas().front()).log(x.data(), y.data(), x.size());
  expect_ulps(x, y, [](double v) { return std::log(v); }, 0.51);
  const float nan = std::nanf("");
  math_functions(usable_isas().front()).log(&nan, y.data(), 1);
  EXPECT_TRUE(std::isnan(y[0]));
}

TEST(Math, sin_and_cos_are_the_nearest_float_nearly_everywhere) {
  const std::vector<float> x = floats_by_bits(1009);
  std::vector<float> sin(x.size()), cos(x.size());
  math_functions(usable_isas().front()).sin_cos(x.data(), sin.data(), cos.data(), x.size());
  expect_ulps(x, sin, [](double v) { return std::sin(v); }, 0.51);
  expect_ulps(x, cos, [](double v) { return std::cos(v); }, 0.51);
}

TEST(Math, sin_and_cos_hold_close_to_multiples_of_half_pi) {
  std::vector<float> x;
  for (int n = 1; n < 200000; n += 7) x.push_back(static_cast<float>(n * 1.5707963267948966));
  std::vector<float> sin(x.size()), cos(x.size());
  math_functions(usable_isas().front()).sin_cos(x.data(), sin.data(), cos.data(), x.size());
  expect_ulps(x, sin, [](double v) { return std::sin(v); }, 0.51);
  expect_ulps(x, cos, [](double v) { return std::cos(v); }, 0.51);
}

// The numbers of floats_by_bits above `least`.
std::vector<float> floats_above(float least) {
  std::vector<float> values = floats_by_bits(1009);
  std::erase_if(values, [least](float value) { return value <= least; });
  return values;
}

TEST(Math, tanh_and_sigmoid_are_within_two_and_three_ulp) {
  const std::vector<float> x = floats_above(-87);
  std::vector<float> y(x.size());
  math_functions(usable_isas().front()).tanh(x.data(), y.data(), x.size());
  expect_ulps(x, y, [](double v) { return std::tanh(v); }, 2);
  math_functions(usable_isas().front()).sigmoid(x.data(), y.data(), x.size());
  expect_ulps(x, y, [](double v) { return 1 / (1 + std::exp(-v)); }, 3);
}

TEST(Math, gelu_keeps_the_relative_precision_of_small_results) {
  const std::vector<float> x = floats_above(-4);
  std::vector<float> y(x.size());
  math_functions(usable_isas().front()).gelu(x.data(), y.data(), x.size());
  expect_ulps(x, y, [](double v) { return v / 2 * std::erfc(-v / std::sqrt(2.0)); }, 8);
  math_functions(usable_isas().front()).gelu_tanh(x.data(), y.data(), x.size());
  const double slope = 2 * std::sqrt(2 / std::acos(-1.0));
  expect_ulps(
      x, y, [slope](double v) { return v / (1 + std::exp(-slope * (v + 0.044715 * v * v * v))); },
      16);
}

using MathPerIsa = testing::PerIsa;
INSTANTIATE_TEST_SUITE_P(, MathPerIsa, testing::kEveryIsa, testing::isa_name);

TEST_P(MathPerIsa, gives_the_bits_of_the_portable_functions) {
  const std::vector<float> x = floats_by_bits(4999);
  const std::size_t bytes = x.size() * sizeof(float);
  constexpr int kCount = 8;
  std::vector<float> wanted[kCount], got[kCount];
  for (auto* results : {wanted, got}) {
    for (int i = 0; i < kCount; ++i) results[i].resize(x.size());
  }
  const auto compute = [&](Isa isa, std::vector<float>* y) {
    const MathFunctions math = math_functions(isa);
    math.exp(x.data(), y[0].data(), x.size());
    math.log(x.data(), y[1].data(), x.size());
    math.sin_cos(x.data(), y[2].data(), y[3].data(), x.size());
    math.tanh(x.data(), y[4].data(), x.size());
    math.sigmoid(x.data(), y[5].data(), x.size());
    math.gelu(x.data(), y[6].data(), x.size());
    math.gelu_tanh(x.data(), y[7].data(), x.size());
  };
  compute(Isa::portable, wanted);
  compute(GetParam(), got);
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(std::memcmp(got[i].data(), wanted[i].data(), bytes), 0) << "function " << i;
  }
}

}  // namespace
}  // namespace driftwood::device::cpu
