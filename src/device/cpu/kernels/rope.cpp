// y [rows, heads, D]: the first R elements of each head of x turned by position * inverse frequency
// [R/2].
//
// Order: a = position * frequency, one product; first = fma(x1, c, -(x2 s)), second = fma(x2, c, x1
// s). The angles of a row are shared by its heads; one item is a row.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/rope.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// Angles made at a time.
inline constexpr std::uint64_t kRopePairs = 64;

struct RopePairs {
  std::uint64_t first, count;
  float cos[kRopePairs], sin[kRopePairs];
};

// Where a pair's elements lie in a head, by the attribute `pairing`.
struct RopePlaces {
  std::uint64_t step;      // from one pair to the next
  std::uint64_t distance;  // from the first of a pair to the second
};

HWY_INLINE void rope_head(const float* x, float* y, const RopePairs& pairs, RopePlaces places) {
  for (std::uint64_t j = 0; j < pairs.count; ++j) {
    const std::uint64_t first = (pairs.first + j) * places.step, second = first + places.distance;
    const float x1 = x[first], x2 = x[second], c = pairs.cos[j], s = pairs.sin[j];
    y[first] = std::fma(x1, c, -(x2 * s));
    y[second] = std::fma(x2, c, x1 * s);
  }
}

void rope(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &positions = call.input(1), &y = call.output(0);
  const std::uint64_t heads = x.dims[1], width = x.dims[2], pair_count = call.input(2).dims[0];
  const RopePlaces places =
      call.integer(ops::AttributeId::pairing) == 0 ? RopePlaces{1, pair_count} : RopePlaces{2, 1};
  for (std::uint64_t r = begin; r < end; ++r) {
    const float* const frequencies = call.input(2).of_sequence<const float>(x.rows->sequence_of(r));
    const auto position = static_cast<float>(read_once(positions.row<const std::int32_t>(r)));
    const float* const from = x.row<const float>(r);
    float* const to = y.row<float>(r);
    RopePairs pairs;
    for (pairs.first = 0; pairs.first < pair_count; pairs.first += kRopePairs) {
      pairs.count = std::min(kRopePairs, pair_count - pairs.first);
      for (std::uint64_t j = 0; j < pairs.count; ++j) {
        sin_cos(position * frequencies[pairs.first + j], pairs.sin[j], pairs.cos[j]);
      }
      for (std::uint64_t h = 0; h < heads; ++h) {
        rope_head(from + h * width, to + h * width, pairs, places);
      }
    }
    for (std::uint64_t h = 0; h < heads; ++h) {
      std::copy(from + h * width + 2 * pair_count, from + (h + 1) * width,
                to + h * width + 2 * pair_count);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  const Operand& x = call.input(0);
  return {x.rows->total(), 20 + call.input(2).dims[0] * 30 + x.row_elements};
}

}  // namespace

std::span<const Kernel> rope_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::rope, DType::f32, work, CPU_PER_ISA(rope)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
