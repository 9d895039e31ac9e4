// Sixteen-lane sums of products for a block of rows x outputs, of which each loaded part is used
// several times. The depth is taken in pieces, so that a piece of the weights stays in the nearest
// cache while all rows pass by; between pieces the lanes rest in memory, which changes no order.
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

// The sums of one block, by row and output.
struct DotSums {
  Lanes lanes[kBlockRows][kBlockOutputs];

  void clear(std::size_t rows) {
    for (std::size_t r = 0; r < rows; ++r) {
      for (Lanes& one : lanes[r]) one = fill(0);
    }
  }
};

// One piece of the depth.
template <typename T>
struct DotPiece {
  const float* const* x;  // [rows] pointers to `depth` elements
  const T* weights;       // of the first output; the next ones `weight_step` elements further each
  std::uint64_t weight_step, depth;
  std::size_t rows, outputs;
};

template <typename T, std::size_t kOutputs, std::size_t kRows>
HWY_INLINE void add_tile(const DotPiece<T>& piece, std::size_t n, std::size_t r, DotSums& sums) {
  const std::uint64_t whole = piece.depth / kLanes * kLanes, step = piece.weight_step;
  const T* const weights = piece.weights + n * step;
  Lanes sum[kOutputs][kRows];
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t o = 0; o < kOutputs; ++o) sum[o][i] = sums.lanes[r + i][n + o];
  }
  for (std::uint64_t k = 0; k < whole; k += kLanes) {
    for (std::size_t p = 0; p < kParts; ++p) {
      const std::uint64_t at = k + p * kPartLanes;
      Part w[kOutputs];
      for (std::size_t o = 0; o < kOutputs; ++o) w[o] = load_part(weights + o * step + at);
      for (std::size_t i = 0; i < kRows; ++i) {
        const Part x = load_part(piece.x[r + i] + at);
        for (std::size_t o = 0; o < kOutputs; ++o) {
          sum[o][i].part[p] = fma(x, w[o], sum[o][i].part[p]);
        }
      }
    }
  }
  if (whole < piece.depth) {
    const std::size_t rest = piece.depth - whole;
    for (std::size_t i = 0; i < kRows; ++i) {
      const Lanes x = load_first(piece.x[r + i] + whole, rest);
      for (std::size_t o = 0; o < kOutputs; ++o) {
        sum[o][i] = fma(x, load_first(weights + o * step + whole, rest), sum[o][i]);
      }
    }
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t o = 0; o < kOutputs; ++o) sums.lanes[r + i][n + o] = sum[o][i];
  }
}

// All outputs of kRows rows.
template <typename T, std::size_t kOutputs, std::size_t kRows>
HWY_INLINE void add_rows(const DotPiece<T>& piece, std::size_t r, DotSums& sums) {
  std::size_t n = 0;
  for (; n + kOutputs <= piece.outputs; n += kOutputs) {
    add_tile<T, kOutputs, kRows>(piece, n, r, sums);
  }
  for (; n < piece.outputs; ++n) add_tile<T, 1, kRows>(piece, n, r, sums);
}

// Adds a piece's products. Pieces come by ascending depth, and all but the last are a multiple of
// the lanes deep.
template <typename T>
HWY_INLINE void add_piece(const DotPiece<T>& piece, DotSums& sums) {
  std::size_t r = 0;
  for (; r + kTileRows <= piece.rows; r += kTileRows) {
    add_rows<T, kTileOutputs, kTileRows>(piece, r, sums);
  }
  for (; r + 2 <= piece.rows; r += 2) add_rows<T, kTileOutputs, 2>(piece, r, sums);
  for (; r < piece.rows; ++r) add_rows<T, kOneRowOutputs, 1>(piece, r, sums);
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
    add_piece<T>({from, weights + k, depth, std::min(piece, depth - k), rows, outputs}, sums);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#endif
