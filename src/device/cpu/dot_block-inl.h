// Sixteen-lane sums of products for a block of rows x outputs, cut into tiles in which each loaded
// part is used several times. `linear` folds each tile at once; where the depth is taken in pieces,
// so that a piece of the weights stays in the nearest cache while all rows pass by, the lanes rest
// in memory between pieces, which changes no order.
#if defined(DRIFTWOOD_DEVICE_CPU_DOT_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRIFTWOOD_DEVICE_CPU_DOT_BLOCK_INL_H_
#undef DRIFTWOOD_DEVICE_CPU_DOT_BLOCK_INL_H_
#else
#define DRIFTWOOD_DEVICE_CPU_DOT_BLOCK_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// Multiples of every tile's sides.
inline constexpr std::uint64_t kBlockOutputs = 16;
inline constexpr std::uint64_t kBlockRows = 24;

// Of the depth; a multiple of the lanes.
inline constexpr std::uint64_t kPieceDepth = 256;

// Sides of the tile, and outputs of a tile of one row: as many sums as the registers hold beside
// the operands.
inline constexpr std::size_t kOneRowOutputs = kParts == 1 ? 8 : 4;
inline constexpr std::size_t kTileOutputs = kParts == 1 ? 4 : 2;
inline constexpr std::size_t kTileRows = kParts == 1 ? 6 : 3;

// Adds the products of kRows rows of x and kOutputs rows of weights, which lie `step` elements
// apart, to sums in registers: k ascending in each lane.
template <typename T, std::size_t kOutputs, std::size_t kRows>
HWY_INLINE void add_products(const float* const* x, const T* weights, std::uint64_t step,
                             std::uint64_t depth, Lanes (&sum)[kOutputs][kRows]) {
  const std::uint64_t whole = depth / kLanes * kLanes;
  for (std::uint64_t k = 0; k < whole; k += kLanes) {
    for (std::size_t p = 0; p < kParts; ++p) {
      const std::uint64_t at = k + p * kPartLanes;
      Part w[kOutputs];
      for (std::size_t o = 0; o < kOutputs; ++o) w[o] = load_part(weights + o * step + at);
      for (std::size_t i = 0; i < kRows; ++i) {
        const Part row = load_part(x[i] + at);
        for (std::size_t o = 0; o < kOutputs; ++o) {
          sum[o][i].part[p] = fma(row, w[o], sum[o][i].part[p]);
        }
      }
    }
  }
  if (whole == depth) return;
  const std::size_t rest = depth - whole;
  for (std::size_t i = 0; i < kRows; ++i) {
    const Lanes row = load_first(x[i] + whole, rest);
    for (std::size_t o = 0; o < kOutputs; ++o) {
      sum[o][i] = fma(row, load_first(weights + o * step + whole, rest), sum[o][i]);
    }
  }
}

// Calls block.tile<outputs, rows>(n, apart, r) for tiles of outputs n, n + apart, ... and rows r,
// r + 1, ... that cover the block. The outputs of a tile lie apart, so that each is a stream of its
// own over several rows of weights.
template <std::size_t kOutputs, std::size_t kRows, typename Block>
HWY_INLINE void for_each_tile_of_rows(Block& block, std::size_t r) {
  const std::size_t apart = block.outputs / kOutputs;
  for (std::size_t n = 0; n < apart; ++n) block.template tile<kOutputs, kRows>(n, apart, r);
  for (std::size_t n = apart * kOutputs; n < block.outputs; ++n) {
    block.template tile<1, kRows>(n, 1, r);
  }
}

template <typename Block>
HWY_INLINE void for_each_tile(Block& block) {
  // A row alone reads all weights for little work, so where tiles would leave one, it and the last
  // tile are taken in twos.
  const bool leaves_one = kTileRows % 2 == 1 && block.rows % kTileRows == 1;
  const std::size_t in_twos = leaves_one ? kTileRows + 1 : 0;
  std::size_t r = 0;
  for (; r + kTileRows + in_twos <= block.rows; r += kTileRows) {
    for_each_tile_of_rows<kTileOutputs, kTileRows>(block, r);
  }
  for (; r + 2 <= block.rows; r += 2) for_each_tile_of_rows<kTileOutputs, 2>(block, r);
  for (; r < block.rows; ++r) for_each_tile_of_rows<kOneRowOutputs, 1>(block, r);
}

// The sums of one block, by row and output.
struct DotSums {
  Lanes lanes[kBlockRows][kBlockOutputs];

  void clear(std::size_t rows) {
    for (std::size_t r = 0; r < rows; ++r) {
      for (Lanes& one : lanes[r]) one = fill(0);
    }
  }
};

// One piece of the depth, and the sums that its products are added to.
template <typename T>
struct DotPiece {
  const float* const* x;  // [rows] pointers to `depth` elements
  const T* weights;       // of the first output; the next ones `weight_step` elements further each
  std::uint64_t weight_step, depth;
  std::size_t rows, outputs;
  DotSums& sums;

  template <std::size_t kOutputs, std::size_t kRows>
  HWY_INLINE void tile(std::size_t n, std::size_t apart, std::size_t r) {
    Lanes sum[kOutputs][kRows];
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t o = 0; o < kOutputs; ++o) sum[o][i] = sums.lanes[r + i][n + o * apart];
    }
    add_products<T, kOutputs, kRows>(x + r, weights + n * weight_step, apart * weight_step, depth,
                                     sum);
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t o = 0; o < kOutputs; ++o) sums.lanes[r + i][n + o * apart] = sum[o][i];
    }
  }
};

// Adds a piece's products. Pieces come by ascending depth, and all but the last are a multiple of
// the lanes deep.
template <typename T>
HWY_INLINE void add_piece(DotPiece<T> piece) {
  for_each_tile(piece);
}

// The sums over a whole depth: rows of x times rows of weights, both `depth` long and without gaps.
template <typename T>
HWY_INLINE void dot_block(const float* const* x, std::size_t rows, const T* weights,
                          std::size_t outputs, std::uint64_t depth, DotSums& sums) {
  // Where one tile takes all rows, nothing is read again, and whole rows stream best.
  const std::uint64_t piece = rows <= kTileRows ? depth : kPieceDepth;
  sums.clear(rows);
  for (std::uint64_t k = 0; k < depth; k += piece) {
    const float* from[kBlockRows];
    for (std::size_t r = 0; r < rows; ++r) from[r] = x[r] + k;
    add_piece<T>({from, weights + k, depth, std::min(piece, depth - k), rows, outputs, sums});
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#endif
