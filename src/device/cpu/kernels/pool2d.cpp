// y [rows, C, M, N]: the largest or the mean element of each window of x [rows, C, H, W].
//
// Order: a window's elements row by row, each row from left to right: m = v where v > m; or their
// sum from the first element, divided by their number. One item is a row of one channel of y.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/pool2d.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include <algorithm>

#include "ops/sliding.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// Places of a row of y that are one item: windows may be large, and an item is not interrupted.
inline constexpr std::uint64_t kPoolPlaces = 64;

// `count` places of a row of y. `first` is the first element of x under them.
template <typename Combine>
HWY_INLINE void pool_places(const float* first, float* y, std::uint64_t count,
                            const ops::Pooling& pooling, Combine combine) {
  const std::uint64_t step = pooling.x.stride;
  for (std::uint64_t i = 0; i < count; ++i) y[i] = first[i * step];
  for (std::uint64_t ky = 0; ky < pooling.y.window; ++ky) {
    for (std::uint64_t kx = ky == 0 ? 1 : 0; kx < pooling.x.window; ++kx) {
      const float* const x = first + ky * pooling.x.size + kx;
      for (std::uint64_t i = 0; i < count; ++i) y[i] = combine(y[i], x[i * step]);
    }
  }
}

inline ops::Pooling pooling_of(const Call& call) {
  return *ops::read_pooling(std::span(call.input(0).dims).subspan(1), *call.attributes);
}

inline std::uint64_t items_of_row(const ops::Pooling& pooling) {
  return (pooling.x.positions() + kPoolPlaces - 1) / kPoolPlaces;
}

void pool2d(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &y = call.output(0);
  const ops::Pooling pooling = pooling_of(call);
  const std::uint64_t height = pooling.y.positions(), width = pooling.x.positions();
  const std::uint64_t planes_rows = pooling.channels * height, row_items = items_of_row(pooling);
  const auto window = static_cast<float>(pooling.y.window * pooling.x.window);
  for (std::uint64_t item = begin; item < end; ++item) {
    const std::uint64_t line = item / row_items, place = item % row_items * kPoolPlaces;
    const std::uint64_t row = line / planes_rows, channel = line % planes_rows / height;
    const std::uint64_t first = channel * pooling.y.size + line % height * pooling.y.stride;
    const float* const from =
        x.row<const float>(row) + first * pooling.x.size + place * pooling.x.stride;
    float* const to = y.row<float>(row) + line % planes_rows * width + place;
    const std::uint64_t count = std::min(kPoolPlaces, width - place);
    if (pooling.kind == ops::PoolingKind::max) {
      pool_places(from, to, count, pooling,
                  [](float m, float v) HWY_ATTR { return v > m ? v : m; });
    } else {
      pool_places(from, to, count, pooling, [](float sum, float v) HWY_ATTR { return sum + v; });
      for (std::uint64_t i = 0; i < count; ++i) to[i] = to[i] / window;
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
  const ops::Pooling pooling = HWY_NAMESPACE::pooling_of(call);
  const std::uint64_t row_items = HWY_NAMESPACE::items_of_row(pooling);
  const std::uint64_t lines =
      call.output(0).rows->total() * pooling.channels * pooling.y.positions();
  return {lines * row_items, 20 + std::min(pooling.x.positions(), HWY_NAMESPACE::kPoolPlaces) *
                                      pooling.y.window * pooling.x.window};
}

}  // namespace

std::span<const Kernel> pool2d_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::pool2d, DType::f32, work, CPU_PER_ISA(pool2d)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
