// Sixteen-lane sums of products for many rows at once: as dot_block-inl.h, but where arithmetic and
// not memory is the limit.
//
// Tiles of rows x outputs are worked on one part of the lanes at a time, so that the registers hold
// a tile large enough to load little for each fma. Rows of x are copied into the order in which the
// tiles read them, since rows as they are lie a power of two apart and fall into the same few sets
// of the first cache. The weights are read once, by the first tile, having been asked for while the
// group before was worked on; the others find them in the first cache as f32. The lanes rest in
// memory between pieces of the depth. None of this changes an order: each lane sums its own
// k, ascending.
#if defined(DRIFTWOOD_DEVICE_CPU_MANY_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRIFTWOOD_DEVICE_CPU_MANY_ROWS_INL_H_
#undef DRIFTWOOD_DEVICE_CPU_MANY_ROWS_INL_H_
#else
#define DRIFTWOOD_DEVICE_CPU_MANY_ROWS_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

// The most rows and outputs that are worked on together, and of the depth at a time: the copy of x
// and the sums stay in the second cache.
inline constexpr std::size_t kManyRows = 24;
inline constexpr std::size_t kManyOutputs = 384;
inline constexpr std::uint64_t kManyDepth = 512;

// Sides of a tile: as many sums as the registers hold beside the operands.
inline constexpr std::size_t kGroupOutputs = 3;
inline constexpr std::size_t kGroupRows = HWY_TARGET == HWY_AVX2 || kPortable ? 4 : 8;

// Whether the parts hold every second element, not neighbours: of bf16 pairs in 32-bit words one
// operation makes an f32 (a shift for the even ones, a mask for the odd), and AVX2 needs two to
// part neighbours.
template <typename T>
inline constexpr bool kAlternate = HWY_TARGET == HWY_AVX2 && std::is_same_v<T, hwy::bfloat16_t>;

template <typename T, std::size_t kPart>
HWY_INLINE Part load_weights(const T* from) {
  if constexpr (kAlternate<T>) {
    const hn::RebindToUnsigned<PartTag> words;
    const auto pairs = hn::LoadU(words, reinterpret_cast<const std::uint32_t*>(from));
    const auto bits = kPart == 0 ? hn::ShiftLeft<16>(pairs)
                                 : hn::And(pairs, hn::Set(words, std::uint32_t{0xffff0000}));
    return hn::BitCast(PartTag(), bits);
  } else {
    return load_part(from + kPart * kPartLanes);
  }
}

// Lanes in the parts that weights come in, and back.
template <typename T>
HWY_INLINE Lanes parted(const Lanes& lanes) {
#if HWY_TARGET == HWY_AVX2
  if constexpr (kAlternate<T>) {
    Lanes parts;
    parts.part[0] = hn::ConcatEven(PartTag(), lanes.part[1], lanes.part[0]);
    parts.part[1] = hn::ConcatOdd(PartTag(), lanes.part[1], lanes.part[0]);
    return parts;
  }
#endif
  return lanes;
}

template <typename T>
HWY_INLINE Lanes joined(const Lanes& parts) {
#if HWY_TARGET == HWY_AVX2
  if constexpr (kAlternate<T>) {
    const Part low = hn::InterleaveLower(PartTag(), parts.part[0], parts.part[1]);
    const Part high = hn::InterleaveUpper(PartTag(), parts.part[0], parts.part[1]);
    Lanes lanes;
    lanes.part[0] = hn::ConcatLowerLower(PartTag(), high, low);
    lanes.part[1] = hn::ConcatUpperUpper(PartTag(), high, low);
    return lanes;
  }
#endif
  return parts;
}

// How much later than they are asked for weights are read: memory is slower than one group.
inline constexpr std::size_t kGroupsAhead = 2;

// Steps of sixteen between lines that are fetched.
inline constexpr std::uint64_t kTurn = 4;

// A later group's weights, fetched a line at a time while tiles are worked on: many at once hold up
// the loads after them.
struct Ahead {
  static constexpr std::size_t kLineBytes = 64;
  static constexpr int kSecondCache = 2;  // as __builtin_prefetch() counts

  const std::byte* rows[kGroupOutputs];
  std::size_t row_bytes;  // of each
  std::size_t row = 0, at = 0;

  void fetch(std::uint64_t lines) {
    for (; lines > 0 && row < kGroupOutputs; --lines) {
      __builtin_prefetch(rows[row] + at, 0, kSecondCache);
      at += kLineBytes;
      if (at < row_bytes) continue;
      at = 0;
      ++row;
    }
  }
};

// Where one thread multiplies: too large for a stack.
class ManyRows {
 public:
  // y[r][n] for `rows` rows of x and `outputs` rows of weights, `depth` elements each without gaps.
  // At most kManyRows and kManyOutputs.
  template <typename T>
  void multiply(const float* const* x, std::size_t rows, const T* weights, std::size_t outputs,
                std::uint64_t depth, float* const* y) {
    set_rows(rows);
    outputs_ = outputs;
    const std::size_t groups = (outputs + kGroupOutputs - 1) / kGroupOutputs;
    for (std::uint64_t k = 0; k < depth; k += kManyDepth) {
      const std::uint64_t piece = std::min(kManyDepth, depth - k);
      const std::uint64_t next = k + kManyDepth;
      copy_rows<T>(x, k, piece);
      for (std::size_t g = 0; g < groups; ++g) {
        const std::size_t then = g + kGroupsAhead;
        Ahead ahead = {.rows = {}, .row_bytes = 0, .row = kGroupOutputs};
        if (then < groups) {
          ahead = ahead_of(weights + k, depth, piece, then);
        } else if (next < depth) {
          ahead =
              ahead_of(weights + next, depth, std::min(kManyDepth, depth - next), then - groups);
        }
        add_group(weights + k, depth, piece, g, k == 0, ahead);
      }
    }
    for (std::size_t g = 0; g < groups; ++g) fold_group<T>(g, y);
  }

 private:
  // Rows are spread evenly over the tiles: one that is left alone would use few sums.
  void set_rows(std::size_t rows) {
    rows_ = rows;
    tiles_ = (rows + kGroupRows - 1) / kGroupRows;
    for (std::size_t t = 0; t <= tiles_; ++t) first_row_[t] = t * rows / tiles_;
  }

  float* rows_of(std::size_t part, std::size_t row, std::uint64_t steps) {
    return x_ + (part * rows_ + row) * steps * kPartLanes;
  }

  // [outputs of the group][kPartLanes] of one row.
  float* sums_of(std::size_t group, std::size_t part, std::size_t row) {
    return sums_ + ((group * kParts + part) * rows_ + row) * kGroupOutputs * kPartLanes;
  }

  // The last group may lack outputs: it takes the last one again.
  std::size_t output(std::size_t group, std::size_t o) const {
    return std::min(group * kGroupOutputs + o, outputs_ - 1);
  }

  template <typename T>
  Ahead ahead_of(const T* weights, std::uint64_t depth, std::uint64_t piece, std::size_t group) {
    Ahead ahead = {.rows = {}, .row_bytes = piece * sizeof(T)};
    for (std::size_t o = 0; o < kGroupOutputs; ++o) {
      ahead.rows[o] = reinterpret_cast<const std::byte*>(weights + output(group, o) * depth);
    }
    return ahead;
  }

  // By part, tile, step of sixteen and row, the last step filled up with zeros.
  template <typename T>
  void copy_rows(const float* const* x, std::uint64_t k, std::uint64_t piece) {
    const std::uint64_t steps = (piece + kLanes - 1) / kLanes;
    for (std::size_t t = 0; t < tiles_; ++t) {
      const std::size_t first = first_row_[t], count = first_row_[t + 1] - first;
      for (std::uint64_t s = 0; s < steps; ++s) {
        const std::uint64_t at = s * kLanes, rest = std::min<std::uint64_t>(kLanes, piece - at);
        for (std::size_t i = 0; i < count; ++i) {
          const float* const from = x[first + i] + k + at;
          const Lanes lanes = parted<T>(rest == kLanes ? load(from) : load_first(from, rest));
          for (std::size_t p = 0; p < kParts; ++p) {
            hn::Store(lanes.part[p], PartTag(),
                      rows_of(p, first, steps) + (s * count + i) * kPartLanes);
          }
        }
      }
    }
  }

  template <typename T>
  void add_group(const T* weights, std::uint64_t depth, std::uint64_t piece, std::size_t group,
                 bool is_first, Ahead& ahead) {
    const std::uint64_t steps = (piece + kLanes - 1) / kLanes;
    Tile<T> tile = {.x = nullptr,
                    .weights = {},
                    .expanded = weights_,
                    .piece = piece,
                    .lines_a_turn = 0,
                    .is_first = is_first,
                    .sums = nullptr};
    for (std::size_t o = 0; o < kGroupOutputs; ++o) {
      tile.weights[o] = weights + output(group, o) * depth;
    }
    // Not while the first tile expands weights, unless there is no other.
    const std::uint64_t lines = kGroupOutputs * piece * sizeof(T) / Ahead::kLineBytes;
    const std::uint64_t turns = kParts * (tiles_ - 1) * std::max<std::uint64_t>(1, steps / kTurn);
    if (turns == 0) {
      ahead.fetch(lines);
    } else {
      tile.lines_a_turn = (lines + turns - 1) / turns;
    }
    for (std::size_t p = 0; p < kParts; ++p) {
      for (std::size_t t = 0; t < tiles_; ++t) {
        const std::size_t first = first_row_[t], rows = first_row_[t + 1] - first;
        tile.x = rows_of(p, first, steps);
        tile.sums = sums_of(group, p, first);
        const auto& add = t == 0 ? kAddFirst<T> : kAddNext<T>;
        add[p * kGroupRows + rows - 1](tile, ahead);
      }
    }
  }

  template <typename T>
  void fold_group(std::size_t group, float* const* y) {
    const std::size_t begin = group * kGroupOutputs;
    const std::size_t count = std::min(kGroupOutputs, outputs_ - begin);
    for (std::size_t r = 0; r < rows_; ++r) {
      for (std::size_t o = 0; o < count; ++o) {
        Lanes lanes;
        for (std::size_t p = 0; p < kParts; ++p) {
          lanes.part[p] = hn::Load(PartTag(), sums_of(group, p, r) + o * kPartLanes);
        }
        y[r][begin + o] = fold(joined<T>(lanes));
      }
    }
  }

  template <typename T>
  struct Tile {
    const float* x;  // [steps][rows][kPartLanes]
    const T* weights[kGroupOutputs];
    float* expanded;  // [steps][kGroupOutputs][kPartLanes] of the part: the first tile leaves them
    std::uint64_t piece;
    std::uint64_t lines_a_turn;
    bool is_first;  // of the depth: the sums begin at zero
    float* sums;    // [rows][kGroupOutputs][kPartLanes]
  };

  template <std::size_t kRows>
  struct TileSums {
    Part part[kRows][kGroupOutputs];

    HWY_INLINE void add_step(const float* x, const Part (&w)[kGroupOutputs]) {
      for (std::size_t i = 0; i < kRows; ++i) {
        const Part row = hn::Load(PartTag(), x + i * kPartLanes);
        for (std::size_t o = 0; o < kGroupOutputs; ++o) part[i][o] = fma(row, w[o], part[i][o]);
      }
    }
  };

  // Weights as they are, which become f32 and stay so for the next tiles.
  template <typename T, std::size_t kPart, std::size_t kRows>
  static HWY_INLINE void expand_step(const T* const (&weights)[kGroupOutputs], std::uint64_t k,
                                     const float* x, float* expanded, TileSums<kRows>& sum) {
    Part w[kGroupOutputs];
    for (std::size_t o = 0; o < kGroupOutputs; ++o) {
      w[o] = load_weights<T, kPart>(weights[o] + k);
      hn::Store(w[o], PartTag(), expanded + o * kPartLanes);
    }
    sum.add_step(x, w);
  }

  template <typename T, std::size_t kPart, std::size_t kRows, bool kIsFirstTile>
  static void add_products(const Tile<T>& tile, Ahead& ahead) {
    constexpr std::size_t kStepWeights = kGroupOutputs * kPartLanes;
    TileSums<kRows> sum;
    float* const sums = tile.sums;
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t o = 0; o < kGroupOutputs; ++o) {
        sum.part[i][o] = tile.is_first
                             ? hn::Zero(PartTag())
                             : hn::Load(PartTag(), sums + (i * kGroupOutputs + o) * kPartLanes);
      }
    }
    const float* x = tile.x;
    float* expanded = tile.expanded;
    const std::size_t rest = tile.piece % kLanes;
    std::uint64_t steps = tile.piece / kLanes;
    // Steps are not unrolled: the sums and operands of one fill the registers.
    if constexpr (kIsFirstTile) {
      const T* weights[kGroupOutputs];
      std::copy_n(tile.weights, kGroupOutputs, weights);
#pragma GCC unroll 1
      for (std::uint64_t s = 0; s < steps; ++s) {
        expand_step<T, kPart>(weights, s * kLanes, x, expanded, sum);
        x += kRows * kPartLanes;
        expanded += kStepWeights;
      }
      if (rest != 0) {
        T padded[kGroupOutputs][kLanes] = {};
        for (std::size_t o = 0; o < kGroupOutputs; ++o) {
          std::copy_n(weights[o] + steps * kLanes, rest, padded[o]);
          weights[o] = padded[o];
        }
        expand_step<T, kPart>(weights, 0, x, expanded, sum);
      }
    } else {
      if (rest != 0) ++steps;
      for (std::uint64_t s = 0; s < steps;) {
        ahead.fetch(tile.lines_a_turn);
#pragma GCC unroll 1
        for (const std::uint64_t end = std::min(s + kTurn, steps); s < end; ++s) {
          Part w[kGroupOutputs];
          for (std::size_t o = 0; o < kGroupOutputs; ++o) {
            w[o] = hn::Load(PartTag(), expanded + o * kPartLanes);
          }
          sum.add_step(x, w);
          x += kRows * kPartLanes;
          expanded += kStepWeights;
        }
      }
    }
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t o = 0; o < kGroupOutputs; ++o) {
        hn::Store(sum.part[i][o], PartTag(), sums + (i * kGroupOutputs + o) * kPartLanes);
      }
    }
  }

  // By part and count of rows.
  template <typename T, bool kIsFirstTile, std::size_t... kAt>
  static constexpr auto table(std::index_sequence<kAt...>) {
    return std::array{&add_products<T, kAt / kGroupRows, kAt % kGroupRows + 1, kIsFirstTile>...};
  }
  template <typename T>
  static constexpr auto kAddFirst = table<T, true>(std::make_index_sequence<kParts * kGroupRows>());
  template <typename T>
  static constexpr auto kAddNext = table<T, false>(std::make_index_sequence<kParts * kGroupRows>());

  std::size_t rows_, outputs_, tiles_;
  std::size_t first_row_[kManyRows / kGroupRows + 2];  // of each tile, and the end
  HWY_ALIGN float weights_[kManyDepth * kGroupOutputs / kParts];
  HWY_ALIGN float x_[kManyRows * kManyDepth];
  HWY_ALIGN float sums_[kManyOutputs * kManyRows * kLanes];
};

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#endif
