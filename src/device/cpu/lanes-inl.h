// Sixteen f32 lanes: the unit in which docs/numerics.md writes down the sums, so every target
// computes the same thing: one vector with AVX-512, two with AVX2, four with NEON and on the
// portable target. Included once for each target, inside Highway's multiple compilation.
#if defined(DRIFTWOOD_DEVICE_CPU_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRIFTWOOD_DEVICE_CPU_LANES_INL_H_
#undef DRIFTWOOD_DEVICE_CPU_LANES_INL_H_
#else
#define DRIFTWOOD_DEVICE_CPU_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr std::size_t kLanes = 16;
using PartTag = hn::CappedTag<float, kLanes>;
using Part = hn::Vec<PartTag>;
inline constexpr std::size_t kPartLanes = hn::MaxLanes(PartTag());
inline constexpr std::size_t kParts = kLanes / kPartLanes;

#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
inline constexpr bool kPortable = true;
#else
inline constexpr bool kPortable = false;
#endif

struct Lanes {
  Part part[kParts];
};

// a * b + c, rounded once.
HWY_INLINE Part fma(Part a, Part b, Part c) {
  if constexpr (kPortable) {
    HWY_ALIGN float x[kPartLanes], y[kPartLanes], z[kPartLanes];
    hn::Store(a, PartTag(), x);
    hn::Store(b, PartTag(), y);
    hn::Store(c, PartTag(), z);
    for (std::size_t i = 0; i < kPartLanes; ++i) z[i] = std::fma(x[i], y[i], z[i]);
    return hn::Load(PartTag(), z);
  } else {
    return hn::MulAdd(a, b, c);
  }
}

// Elements at any address, as f32.
HWY_INLINE Part load_part(const float* from) {
  return hn::LoadU(PartTag(), from);
}

template <typename Half>
HWY_INLINE Part load_part(const Half* from) {
  return hn::PromoteTo(PartTag(), hn::LoadU(hn::Rebind<Half, PartTag>(), from));
}

template <typename T>
HWY_INLINE Lanes load(const T* from) {
  Lanes lanes;
  for (std::size_t p = 0; p < kParts; ++p) lanes.part[p] = load_part(from + p * kPartLanes);
  return lanes;
}

// The first `count` elements, the rest filled up with zero.
template <typename T>
HWY_INLINE Lanes load_first(const T* from, std::size_t count) {
  alignas(64) std::byte padded[kLanes * sizeof(T)] = {};
  std::copy_n(reinterpret_cast<const std::byte*>(from), count * sizeof(T), padded);
  return load(reinterpret_cast<const T*>(padded));
}

HWY_INLINE void store(const Lanes& lanes, float* to) {
  for (std::size_t p = 0; p < kParts; ++p)
    hn::StoreU(lanes.part[p], PartTag(), to + p * kPartLanes);
}

HWY_INLINE void store_first(const Lanes& lanes, float* to, std::size_t count) {
  HWY_ALIGN float all[kLanes];
  store(lanes, all);
  std::copy_n(all, count, to);
}

HWY_INLINE Lanes fill(float value) {
  Lanes lanes;
  for (std::size_t p = 0; p < kParts; ++p) lanes.part[p] = hn::Set(PartTag(), value);
  return lanes;
}

HWY_INLINE Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
  Lanes sum;
  for (std::size_t p = 0; p < kParts; ++p) sum.part[p] = fma(a.part[p], b.part[p], c.part[p]);
  return sum;
}

HWY_INLINE Lanes add(const Lanes& a, const Lanes& b) {
  Lanes sum;
  for (std::size_t p = 0; p < kParts; ++p) sum.part[p] = hn::Add(a.part[p], b.part[p]);
  return sum;
}

HWY_INLINE Lanes multiply(const Lanes& a, const Lanes& b) {
  Lanes product;
  for (std::size_t p = 0; p < kParts; ++p) product.part[p] = hn::Mul(a.part[p], b.part[p]);
  return product;
}

// The lanes folded 16 to 8, 4, 2, 1: s[i] = s[i] + s[i + half].
HWY_INLINE float fold(const Lanes& lanes) {
#if HWY_TARGET == HWY_SCALAR
  float s[kLanes];
  store(lanes, s);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) s[i] = s[i] + s[i + half];
  }
  return s[0];
#else
  [[maybe_unused]] const hn::Full128<float> quad;
#if HWY_TARGET == HWY_AVX3
  const hn::CappedTag<float, 8> octet;
  const auto eight =
      hn::Add(hn::LowerHalf(octet, lanes.part[0]), hn::UpperHalf(octet, lanes.part[0]));
  const auto four = hn::Add(hn::LowerHalf(quad, eight), hn::UpperHalf(quad, eight));
#elif HWY_TARGET == HWY_AVX2
  const auto eight = hn::Add(lanes.part[0], lanes.part[1]);
  const auto four = hn::Add(hn::LowerHalf(quad, eight), hn::UpperHalf(quad, eight));
#else
  const auto four =
      hn::Add(hn::Add(lanes.part[0], lanes.part[2]), hn::Add(lanes.part[1], lanes.part[3]));
#endif
  const auto two = hn::Add(four, hn::Shuffle1032(four));
  return hn::GetLane(hn::Add(two, hn::Shuffle2301(two)));
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#endif
