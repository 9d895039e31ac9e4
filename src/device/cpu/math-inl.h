// Driftwood's own exp, log, sin and cos, from operations that IEEE 754 fixes, so that no C
// library's choice enters the results. docs/numerics.md gives the formulas.
#if defined(DRIFTWOOD_DEVICE_CPU_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRIFTWOOD_DEVICE_CPU_MATH_INL_H_
#undef DRIFTWOOD_DEVICE_CPU_MATH_INL_H_
#else
#define DRIFTWOOD_DEVICE_CPU_MATH_INL_H_
#endif

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// exp(x) = 2^n exp(r), n = x / ln 2 rounded to nearest, r = x - n ln 2 in two fma, exp(r) by
// Taylor's terms to r^7. 2^n is applied as two factors, so that subnormal results are rounded once.
HWY_INLINE Part exp(Part x) {
  const PartTag d;
  const hn::RebindToSigned<PartTag> di;
  // Beyond these the result is 0 or infinity.
  const Part limited = hn::Min(hn::Max(x, hn::Set(d, -104.0f)), hn::Set(d, 89.0f));
  // Adding and taking away 1.5 * 2^23 rounds to an integer, which then lies in the low bits.
  const Part magic = hn::Set(d, 0x1.8p23f);
  const Part shifted = fma(limited, hn::Set(d, 0x1.715476p0f), magic);
  const Part n = hn::Sub(shifted, magic);
  Part r = fma(n, hn::Set(d, -0x1.62e43p-1f), limited);
  r = fma(n, hn::Set(d, 0x1.05c61p-29f), r);
  Part p = hn::Set(d, 1.0f / 5040);
  p = fma(p, r, hn::Set(d, 1.0f / 720));
  p = fma(p, r, hn::Set(d, 1.0f / 120));
  p = fma(p, r, hn::Set(d, 1.0f / 24));
  p = fma(p, r, hn::Set(d, 1.0f / 6));
  p = fma(p, r, hn::Set(d, 0.5f));
  p = fma(p, r, hn::Set(d, 1.0f));
  p = fma(p, r, hn::Set(d, 1.0f));
  const auto exponent = hn::Sub(hn::BitCast(di, shifted), hn::BitCast(di, magic));
  const auto half = hn::ShiftRight<1>(exponent);
  const auto bias = hn::Set(di, 127);
  const Part first = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const Part second = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(exponent, half), bias)));
  const Part result = hn::Mul(hn::Mul(p, first), second);
  return hn::IfThenElse(hn::Eq(x, x), result, x);
}

HWY_INLINE Lanes exp(const Lanes& x) {
  Lanes result;
  for (std::size_t p = 0; p < kParts; ++p) result.part[p] = exp(x.part[p]);
  return result;
}

// The same function of one value.
HWY_INLINE float exp(float x) {
  return hn::GetLane(exp(hn::Set(PartTag(), x)));
}

// The sixteen-lane sum of exp(x[i] - largest).
HWY_INLINE float sum_of_exp(const float* x, std::uint64_t width, float largest) {
  const Lanes negative = fill(-largest);
  Lanes sum = fill(0);
  std::uint64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) sum = add(sum, exp(add(load(x + i), negative)));
  if (i < width) {
    HWY_ALIGN float terms[kLanes];
    store(exp(add(load_first(x + i, width - i), negative)), terms);
    sum = add(sum, load_first(terms, width - i));
  }
  return fold(sum);
}

// 1 / (1 + exp(-x)).
HWY_INLINE Part sigmoid(Part x) {
  const Part one = hn::Set(PartTag(), 1.0f);
  return hn::Div(one, hn::Add(one, exp(hn::Neg(x))));
}

// Below 0.625 x + x^3 p(x^2), p fitted to the error of f32; from there on 1 - 2 / (exp(2 |x|) + 1)
// with the sign of x.
HWY_INLINE Part tanh(Part x) {
  const PartTag d;
  const Part size = hn::Abs(x), square = hn::Mul(x, x), one = hn::Set(d, 1.0f);
  Part p = hn::Set(d, -0.006096714166f);
  p = fma(p, square, hn::Set(d, 0.020997178999f));
  p = fma(p, square, hn::Set(d, -0.053850909579f));
  p = fma(p, square, hn::Set(d, 0.133327697370f));
  p = fma(p, square, hn::Set(d, -0.333333289441f));
  const Part small = fma(hn::Mul(x, square), p, x);
  const Part below = hn::Add(exp(hn::Add(size, size)), one);
  const Part large = hn::Sub(one, hn::Div(hn::Set(d, 2.0f), below));
  return hn::IfThenElse(hn::Lt(size, hn::Set(d, 0.625f)), small, hn::CopySign(large, x));
}

// x Phi(x). For a = |x|, Phi(-a) = exp(-a^2 / 2) t p(t) with t = 1 / (1 + 0.35 a), p fitted to 2e-8
// of its value, so that the small results keep their relative precision.
HWY_INLINE Part gelu(Part x) {
  const PartTag d;
  const Part a = hn::Abs(x), one = hn::Set(d, 1.0f);
  const Part t = hn::Div(one, fma(hn::Set(d, 0.35f), a, one));
  Part p = hn::Set(d, -0.029732275811f);
  p = fma(p, t, hn::Set(d, 0.146783986078f));
  p = fma(p, t, hn::Set(d, -0.261410543238f));
  p = fma(p, t, hn::Set(d, 0.165510164830f));
  p = fma(p, t, hn::Set(d, -0.027321910583f));
  p = fma(p, t, hn::Set(d, 0.107212499401f));
  p = fma(p, t, hn::Set(d, 0.119425092658f));
  p = fma(p, t, hn::Set(d, 0.139914333902f));
  p = fma(p, t, hn::Set(d, 0.139618635013f));
  const Part decay = exp(hn::Mul(hn::Mul(a, hn::Set(d, -0.5f)), a));
  const Part tail = hn::Mul(decay, hn::Mul(t, p));
  const Part phi = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(one, tail));
  return hn::Mul(x, phi);
}

// x / (1 + exp(-2 sqrt(2 / pi) (x + 0.044715 x^3))), which is x (1 + tanh(...)) / 2.
HWY_INLINE Part gelu_tanh(Part x) {
  const PartTag d;
  const Part one = hn::Set(d, 1.0f);
  const Part slope = fma(hn::Set(d, 0.071354816270f), hn::Mul(x, x), hn::Set(d, 1.595769121606f));
  return hn::Div(x, hn::Add(one, exp(hn::Neg(hn::Mul(x, slope)))));
}

// log(x) in f64: x = 2^k m with m in [sqrt(1/2), sqrt(2)), log(m) = 2 artanh(s), s = (m - 1) / (m +
// 1), by the series to s^19; rounded to f32 once.
HWY_INLINE float log(float x) {
  if (!(x > 0)) return x == 0 ? -std::numeric_limits<float>::infinity() : std::nanf("");
  if (x == std::numeric_limits<float>::infinity()) return x;
  const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(x));
  // Moves the border between exponents from 1 to sqrt(1/2).
  constexpr std::uint64_t kOffset = 0x3fe6a09e667f3bcd;
  const std::int64_t exponent = static_cast<std::int64_t>(bits - kOffset) >> 52;
  const double m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52));
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double series = 0;
  for (int i = 19; i >= 3; i -= 2) series = std::fma(series, s2, 1.0 / i);
  const double log_m = 2 * std::fma(series * s2, s, s);
  return static_cast<float>(std::fma(static_cast<double>(exponent), 0x1.62e42fefa39efp-1, log_m));
}

// An angle less the nearest multiple of pi/2: within [-pi/4, pi/4], and the multiple modulo 4.
struct ReducedAngle {
  double rest;
  std::uint32_t quadrant;
};

// For |a| at least 2^20: the product with 2/pi in integers, of which only the bits that count
// modulo 4 are taken (Payne and Hanek, "Radian reduction for trigonometric functions", 1983).
inline ReducedAngle reduce_large(float a) {
  using Wide = unsigned __int128;
  // The first 256 bits of 2/pi after the point.
  constexpr std::uint64_t kTwoOverPi[4] = {0xa2f9836e4e441529, 0xfc2757d1f534ddc0,
                                           0xdb6295993c439041, 0xfe5163abdebbc561};
  const auto bits = std::bit_cast<std::uint32_t>(std::fabs(a));
  const std::uint32_t exponent = (bits >> 23) - 150;  // |a| = mantissa * 2^exponent; may be below 0
  const std::uint32_t mantissa = (bits & 0x7fffff) | 0x800000;
  // Bits of 2/pi with a weight of 4 and more after the product vanish: skip `exponent - 2` of them.
  // A skip below 0 stands for leading zeros.
  const std::int32_t skip = static_cast<std::int32_t>(exponent) - 2;
  Wide window = 0;  // the next 96 bits
  for (std::int32_t i = 0; i < 96; ++i) {
    const std::int32_t bit = skip + i;
    const std::uint64_t value = bit < 0 ? 0 : kTwoOverPi[bit / 64] >> (63 - bit % 64) & 1;
    window = window << 1 | value;
  }
  // The product modulo 4, in units of 2^-94, brought to the top of 128 bits.
  const Wide product = (window * mantissa) << 32;
  const auto quadrant = static_cast<std::uint32_t>((product + (Wide{1} << 125)) >> 126);
  const auto rest = static_cast<std::int64_t>((product - (Wide{quadrant} << 126)) >> 64);
  const double angle = static_cast<double>(rest) * 0x1p-62 * 0x1.921fb54442d18p0;
  return a < 0 ? ReducedAngle{-angle, (4 - quadrant) & 3} : ReducedAngle{angle, quadrant & 3};
}

HWY_INLINE ReducedAngle reduce(float a) {
  if (std::fabs(a) >= 0x1p20f) return reduce_large(a);
  constexpr double kMagic = 0x1.8p52;
  const double shifted = std::fma(static_cast<double>(a), 0x1.45f306dc9c883p-1, kMagic);
  const double n = shifted - kMagic;
  double rest = std::fma(n, -0x1.921fb54442d18p0, static_cast<double>(a));
  rest = std::fma(n, -0x1.1a62633145c07p-54, rest);
  return {rest, static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(shifted)) & 3};
}

// sin and cos of `a` in f64 by Taylor's terms to the 15th and 16th power, each rounded to f32 once.
HWY_INLINE void sin_cos(float a, float& sin, float& cos) {
  if (!(std::fabs(a) < std::numeric_limits<float>::infinity())) {
    sin = cos = std::nanf("");
    return;
  }
  const ReducedAngle angle = reduce(a);
  const double r = angle.rest, r2 = r * r;
  double s = -1.0 / 1307674368000;
  s = std::fma(s, r2, 1.0 / 6227020800);
  s = std::fma(s, r2, -1.0 / 39916800);
  s = std::fma(s, r2, 1.0 / 362880);
  s = std::fma(s, r2, -1.0 / 5040);
  s = std::fma(s, r2, 1.0 / 120);
  s = std::fma(s, r2, -1.0 / 6);
  s = std::fma(s * r2, r, r);
  double c = 1.0 / 20922789888000;
  c = std::fma(c, r2, -1.0 / 87178291200);
  c = std::fma(c, r2, 1.0 / 479001600);
  c = std::fma(c, r2, -1.0 / 3628800);
  c = std::fma(c, r2, 1.0 / 40320);
  c = std::fma(c, r2, -1.0 / 720);
  c = std::fma(c, r2, 1.0 / 24);
  c = std::fma(c, r2, -0.5);
  c = std::fma(c, r2, 1.0);
  const double first = angle.quadrant & 1 ? c : s;
  const double second = angle.quadrant & 1 ? s : c;
  sin = static_cast<float>(angle.quadrant & 2 ? -first : first);
  cos = static_cast<float>((angle.quadrant + 1) & 2 ? -second : second);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#endif
