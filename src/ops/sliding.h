// Windows that slide over the last dimensions of a tensor, as convolutions and pooling do: where
// they stand and which elements lie under them. References and kernels share it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "ops/attributes.h"
#include "ops/op.h"

namespace driftwood::ops {

// What lies outside the tensor. Values of the attribute padding_mode.
enum class PaddingMode : std::int64_t {
  zeros = 0,
  reflect = 1,  // the tensor mirrored at its first and last element, which are not repeated
};

// One dimension of `size` elements with padding before and after it, and the window over it.
struct SlidingAxis {
  std::uint64_t size, window, stride, before = 0, after = 0;

  // Where the window stands: at 0, stride, 2 * stride, ... of the padded dimension.
  std::uint64_t positions() const { return (before + size + after - window) / stride + 1; }

  // The element under place `offset` of the window at `position`; nothing for a zero.
  std::optional<std::uint64_t> source(std::uint64_t position, std::uint64_t offset,
                                      PaddingMode mode) const {
    const std::uint64_t padded = position * stride + offset;
    if (padded >= before && padded - before < size) return padded - before;
    if (mode == PaddingMode::zeros) return std::nullopt;
    return padded < before ? before - padded : 2 * (size - 1) - (padded - before);
  }
};

// A convolution of x [rows, channels, y.size, x.size] with weights [outputs, channels, y.window,
// x.window]. In one dimension y is 1 element high.
struct Convolution {
  std::uint64_t channels, outputs;
  SlidingAxis y, x;
  PaddingMode mode;

  std::uint64_t positions() const { return y.positions() * x.positions(); }
};

// `x` are the dimensions after the rows and `weight` all of them: [C, L] and [O, C, K], or [C, H,
// W] and [O, C, Kh, Kw]. Errors: invalid_argument for a missing attribute, one beyond its limits, a
// window that is larger than the padded dimension, and a reflection of more than there is.
Result<Convolution> read_convolution(std::span<const std::uint64_t> x,
                                     std::span<const std::uint64_t> weight,
                                     const Attributes& attributes);

// Pooling of x [rows, channels, y.size, x.size]. Values of the attribute pooling.
enum class PoolingKind : std::int64_t { max = 0, average = 1 };

struct Pooling {
  std::uint64_t channels;
  SlidingAxis y, x;
  PoolingKind kind;
};

// `x` are the dimensions after the rows, [C, H, W]. Errors: as above.
Result<Pooling> read_pooling(std::span<const std::uint64_t> x, const Attributes& attributes);

}  // namespace driftwood::ops
