// conv1d and conv2d: the elements of x under a window, gathered into one row, times the weights of
// each output channel, which lie in the checkpoint as such rows. So both are `linear` of gathered
// rows, with its order of sums and its tiles, whatever the sizes, strides and padding.
//
// One item: a block of windows, of any rows, times a group of output channels. The depth is
// gathered in pieces of a fixed size, each of them once for the whole group.
#if defined(DRIFTWOOD_DEVICE_CPU_CONVOLUTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRIFTWOOD_DEVICE_CPU_CONVOLUTION_INL_H_
#undef DRIFTWOOD_DEVICE_CPU_CONVOLUTION_INL_H_
#else
#define DRIFTWOOD_DEVICE_CPU_CONVOLUTION_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <span>

#include "device/cpu/dot_block-inl.h"
#include "device/cpu/kernel.h"
#include "ops/sliding.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// Output channels of an item, in blocks of kBlockOutputs.
inline constexpr std::uint64_t kGroupBlocks = 4;
inline constexpr std::uint64_t kGroupOutputs = kGroupBlocks * kBlockOutputs;

// Of conv1d where axes is 1, of conv2d where it is 2.
inline ops::Convolution convolution_of(const Call& call, std::size_t axes) {
  return *ops::read_convolution(std::span(call.input(0).dims).subspan(1, 1 + axes),
                                std::span(call.input(1).dims).first(2 + axes), *call.attributes);
}

// One window: its row of x, and where it stands.
struct Window {
  const float* x;  // [channels, y.size, x.size]
  std::uint64_t at_y, at_x;
};

// The elements [begin, begin + count) of a window, which are numbered by channel, y and x.
inline void gather(const ops::Convolution& geometry, const Window& window, std::uint64_t begin,
                   std::uint64_t count, float* to) {
  const ops::SlidingAxis &y = geometry.y, &x = geometry.x;
  const std::uint64_t first_x = window.at_x * x.stride;
  const bool inside_x = first_x >= x.before && first_x - x.before + x.window <= x.size;
  std::uint64_t line = begin / x.window, kx = begin % x.window;
  for (std::uint64_t done = 0; done < count; ++line, kx = 0) {
    const std::uint64_t length = std::min(x.window - kx, count - done);
    float* const part = to + done;
    done += length;
    const auto from_y = y.source(window.at_y, line % y.window, geometry.mode);
    if (!from_y) {
      std::fill_n(part, length, 0.0f);
      continue;
    }
    const float* const from = window.x + (line / y.window * y.size + *from_y) * x.size;
    if (inside_x) {
      std::copy_n(from + (first_x - x.before + kx), length, part);
      continue;
    }
    for (std::uint64_t i = 0; i < length; ++i) {
      const auto from_x = x.source(window.at_x, kx + i, geometry.mode);
      part[i] = from_x ? from[*from_x] : 0.0f;
    }
  }
}

// Where the windows of an item's block come from and go to.
struct WindowBlock {
  std::size_t count = 0;
  Window windows[kBlockRows];
  float* y[kBlockRows];  // the window's place in the first output channel's plane

  WindowBlock(const Call& call, const ops::Convolution& geometry, std::uint64_t first,
              std::uint64_t total) {
    const std::uint64_t positions = geometry.positions(), width = geometry.x.positions();
    count = std::min(kBlockRows, total - first);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t row = (first + i) / positions, at = (first + i) % positions;
      windows[i] = {call.input(0).row<const float>(row), at / width, at % width};
      y[i] = call.output(0).row<float>(row) + at;
    }
  }
};

// Folds the sums of a block of outputs, adds the bias where there is one, and stores them.
template <typename T>
HWY_INLINE void store_outputs(const DotSums& sums, const WindowBlock& block, const T* bias,
                              std::uint64_t first, std::size_t outputs, std::uint64_t positions) {
  HWY_ALIGN float added[kLanes] = {};
  static_assert(kBlockOutputs == kLanes);
  if (bias != nullptr) store(load_first(bias + first, outputs), added);
  for (std::size_t i = 0; i < block.count; ++i) {
    for (std::size_t n = 0; n < outputs; ++n) {
      const float sum = fold(sums.lanes[i][n]);
      block.y[i][(first + n) * positions] = bias != nullptr ? sum + added[n] : sum;
    }
  }
}

template <typename T>
HWY_INLINE void convolve(const Call& call, const ops::Convolution& geometry,
                         const WindowBlock& block, std::uint64_t first, std::uint64_t outputs) {
  const std::uint64_t depth = geometry.channels * geometry.y.window * geometry.x.window;
  const T* const weights = call.input(1).of_sequence<const T>(0) + first * depth;
  const T* const bias = call.inputs.size() > 2 ? call.input(2).of_sequence<const T>(0) : nullptr;
  DotSums sums[kGroupBlocks];
  for (DotSums& one : sums) one.clear(block.count);
  for (std::uint64_t k = 0; k < depth; k += kPieceDepth) {
    HWY_ALIGN float gathered[kBlockRows][kPieceDepth];
    const std::uint64_t piece = std::min(kPieceDepth, depth - k);
    const float* x[kBlockRows];
    for (std::size_t i = 0; i < block.count; ++i) {
      gather(geometry, block.windows[i], k, piece, gathered[i]);
      x[i] = gathered[i];
    }
    for (std::uint64_t n = 0; n < outputs; n += kBlockOutputs) {
      add_piece<T>({x, weights + n * depth + k, depth, piece, block.count,
                    std::min(kBlockOutputs, outputs - n), sums[n / kBlockOutputs]});
    }
  }
  for (std::uint64_t n = 0; n < outputs; n += kBlockOutputs) {
    store_outputs(sums[n / kBlockOutputs], block, bias, first + n,
                  std::min(kBlockOutputs, outputs - n), geometry.positions());
  }
}

template <typename T>
HWY_INLINE void convolution(const Call& call, std::size_t axes, std::uint64_t begin,
                            std::uint64_t end) {
  const ops::Convolution geometry = convolution_of(call, axes);
  const std::uint64_t windows = call.input(0).rows->total() * geometry.positions();
  const std::uint64_t groups = (geometry.outputs + kGroupOutputs - 1) / kGroupOutputs;
  for (std::uint64_t item = begin; item < end; ++item) {
    const WindowBlock block(call, geometry, item / groups * kBlockRows, windows);
    const std::uint64_t first = item % groups * kGroupOutputs;
    convolve<T>(call, geometry, block, first, std::min(kGroupOutputs, geometry.outputs - first));
  }
}

inline Work convolution_work(const Call& call, std::size_t axes) {
  const ops::Convolution geometry = convolution_of(call, axes);
  const std::uint64_t windows = call.input(0).rows->total() * geometry.positions();
  const std::uint64_t groups = (geometry.outputs + kGroupOutputs - 1) / kGroupOutputs;
  const std::uint64_t depth = geometry.channels * geometry.y.window * geometry.x.window;
  return {
      (windows + kBlockRows - 1) / kBlockRows * groups,
      std::min(windows, kBlockRows) * depth * (4 + std::min(geometry.outputs, kGroupOutputs) / 8)};
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#endif
