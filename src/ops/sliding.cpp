#include "ops/sliding.h"

#include <algorithm>
#include <limits>

namespace driftwood::ops {
namespace {

// Far above any use, and small enough that no sum of sizes overflows.
constexpr std::int64_t kMostStep = 65536;

// Elements of a pooled window. No weights bound it, as they bound a convolution's.
constexpr std::uint64_t kMostPooled = 65536;

Result<std::uint64_t> read_step(const Attributes& attributes, AttributeId id, std::int64_t least) {
  DW_TRY_ASSIGN(const std::int64_t value, integer_within(attributes, id, least, kMostStep));
  return static_cast<std::uint64_t>(value);
}

// That there is a position, and not more than a dimension can say.
Result<void> expect_window_fits(const SlidingAxis& axis) {
  const std::uint64_t padded = axis.before + axis.size + axis.after;
  if (padded > std::numeric_limits<std::uint32_t>::max()) {
    return fail(ErrorCode::invalid_argument, "{} elements, padding included, are over {}.", padded,
                std::numeric_limits<std::uint32_t>::max());
  }
  if (axis.window <= padded) return {};
  return fail(ErrorCode::invalid_argument,
              "A window of {} elements does not fit into {}, padding included.", axis.window,
              padded);
}

Result<void> expect_reflection(const SlidingAxis& axis) {
  const std::uint64_t most = std::max(axis.before, axis.after);
  if (most < axis.size) return {};
  return fail(ErrorCode::invalid_argument, "Padding of {} elements cannot be reflected from {}.",
              most, axis.size);
}

struct AxisAttributes {
  AttributeId stride, before, after;
};
constexpr AxisAttributes kX = {AttributeId::stride_x, AttributeId::pad_left,
                               AttributeId::pad_right};
constexpr AxisAttributes kY = {AttributeId::stride_y, AttributeId::pad_top,
                               AttributeId::pad_bottom};

Result<SlidingAxis> read_padded_axis(const Attributes& attributes, const AxisAttributes& ids,
                                     std::uint64_t size, std::uint64_t window, PaddingMode mode) {
  SlidingAxis axis = {size, window, 1};
  DW_TRY_ASSIGN(axis.stride, read_step(attributes, ids.stride, 1));
  DW_TRY_ASSIGN(axis.before, read_step(attributes, ids.before, 0));
  DW_TRY_ASSIGN(axis.after, read_step(attributes, ids.after, 0));
  DW_TRY(expect_window_fits(axis));
  if (mode == PaddingMode::reflect) DW_TRY(expect_reflection(axis));
  return axis;
}

Result<SlidingAxis> read_pooled_axis(const Attributes& attributes, AttributeId window,
                                     AttributeId stride, std::uint64_t size) {
  SlidingAxis axis = {size, 1, 1};
  DW_TRY_ASSIGN(axis.window, read_step(attributes, window, 1));
  DW_TRY_ASSIGN(axis.stride, read_step(attributes, stride, 1));
  DW_TRY(expect_window_fits(axis));
  return axis;
}

}  // namespace

Result<Convolution> read_convolution(std::span<const std::uint64_t> x,
                                     std::span<const std::uint64_t> weight,
                                     const Attributes& attributes) {
  constexpr SlidingAxis kFlat = {1, 1, 1};
  Convolution convolution = {x[0], weight[0], kFlat, kFlat, PaddingMode::zeros};
  DW_TRY_ASSIGN(const std::int64_t mode,
                integer_within(attributes, AttributeId::padding_mode, 0, 1));
  convolution.mode = static_cast<PaddingMode>(mode);
  DW_TRY_ASSIGN(convolution.x,
                read_padded_axis(attributes, kX, x.back(), weight.back(), convolution.mode));
  if (x.size() == 3) {
    DW_TRY_ASSIGN(convolution.y,
                  read_padded_axis(attributes, kY, x[1], weight[2], convolution.mode));
  }
  return convolution;
}

Result<Pooling> read_pooling(std::span<const std::uint64_t> x, const Attributes& attributes) {
  Pooling pooling = {x[0], {}, {}, PoolingKind::max};
  DW_TRY_ASSIGN(const std::int64_t kind, integer_within(attributes, AttributeId::pooling, 0, 1));
  pooling.kind = static_cast<PoolingKind>(kind);
  DW_TRY_ASSIGN(pooling.y,
                read_pooled_axis(attributes, AttributeId::window_y, AttributeId::stride_y, x[1]));
  DW_TRY_ASSIGN(pooling.x,
                read_pooled_axis(attributes, AttributeId::window_x, AttributeId::stride_x, x[2]));
  if (pooling.y.window * pooling.x.window > kMostPooled) {
    return fail(ErrorCode::invalid_argument, "A window of {} elements is over the limit of {}.",
                pooling.y.window * pooling.x.window, kMostPooled);
  }
  return pooling;
}

}  // namespace driftwood::ops
