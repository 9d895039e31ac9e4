// y [rows, Hq, D] = softmax(scale * q . k) v over the positions up to each row's own.
//
// Order: keys in blocks of 16 at absolute positions, which are also the blocks of the state; the
// running maximum, sum and output are rescaled once a block (Milakov and Gimelshein, "Online
// normalizer calculation for softmax", 2018). One item is a row and a key head with all query heads
// that share it.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/attention.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

inline constexpr std::size_t kBlockKeys = AppendState::kBlockRows;
static_assert(kBlockKeys == kLanes);

// The sums of one query head so far; its outputs o[d] are collected in place.
struct Attended {
  float largest = -std::numeric_limits<float>::infinity();
  float sum = 0;
};

// Query heads that are taken through the keys together.
inline constexpr std::uint64_t kHeadsTogether = 8;

// scores[j] = scale * (sixteen-lane sum of q[d] k[j][d]).
template <std::size_t kKeys, typename T>
HWY_INLINE void score_keys(const float* q, const T* keys, std::uint64_t width, float scale,
                           float* scores) {
  const std::uint64_t whole = width / kLanes * kLanes;
  Lanes sum[kKeys];
  for (Lanes& lanes : sum) lanes = fill(0);
  for (std::uint64_t d = 0; d < whole; d += kLanes) {
    const Lanes query = load(q + d);
    for (std::size_t j = 0; j < kKeys; ++j) sum[j] = fma(query, load(keys + j * width + d), sum[j]);
  }
  if (whole < width) {
    const Lanes query = load_first(q + whole, width - whole);
    for (std::size_t j = 0; j < kKeys; ++j) {
      sum[j] = fma(query, load_first(keys + j * width + whole, width - whole), sum[j]);
    }
  }
  for (std::size_t j = 0; j < kKeys; ++j) scores[j] = scale * fold(sum[j]);
}

// kChunks * 16 outputs: o = o factor, then o = fma(p[j], v[j], o) for j ascending.
template <std::size_t kChunks, typename T>
HWY_INLINE void add_values(const float* p, const T* values, std::size_t count, std::uint64_t width,
                           float factor, float* o) {
  Lanes sum[kChunks];
  for (std::size_t c = 0; c < kChunks; ++c) sum[c] = multiply(load(o + c * kLanes), fill(factor));
  for (std::size_t j = 0; j < count; ++j) {
    const Lanes weight = fill(p[j]);
    for (std::size_t c = 0; c < kChunks; ++c) {
      sum[c] = fma(weight, load(values + j * width + c * kLanes), sum[c]);
    }
  }
  for (std::size_t c = 0; c < kChunks; ++c) store(sum[c], o + c * kLanes);
}

// The same for the last few outputs of a head.
template <typename T>
HWY_INLINE void add_last_values(const float* p, const T* values, std::size_t count,
                                std::uint64_t width, float factor, float* o, std::size_t rest) {
  Lanes sum = multiply(load_first(o, rest), fill(factor));
  for (std::size_t j = 0; j < count; ++j) {
    sum = fma(fill(p[j]), load_first(values + j * width, rest), sum);
  }
  store_first(sum, o, rest);
}

// One block of `count` keys and values for one query head.
template <typename T>
HWY_INLINE void attend_block(const float* q, const T* keys, const T* values, std::size_t count,
                             std::uint64_t width, float scale, Attended& head, float* o) {
  HWY_ALIGN float scores[kBlockKeys] = {};
  std::size_t j = 0;
  for (; j + 4 <= count; j += 4) score_keys<4>(q, keys + j * width, width, scale, scores + j);
  for (; j < count; ++j) score_keys<1>(q, keys + j * width, width, scale, scores + j);
  float largest = head.largest;
  for (j = 0; j < count; ++j) largest = scores[j] > largest ? scores[j] : largest;

  const float factor = exp(head.largest - largest);
  HWY_ALIGN float p[kBlockKeys];
  const Lanes negative = fill(-largest);
  store(exp(add(load(scores), negative)), p);
  head.sum = head.sum * factor;
  for (j = 0; j < count; ++j) head.sum = head.sum + p[j];
  head.largest = largest;

  std::uint64_t d = 0;
  for (; d + 4 * kLanes <= width; d += 4 * kLanes) {
    add_values<4>(p, values + d, count, width, factor, o + d);
  }
  for (; d + kLanes <= width; d += kLanes) {
    add_values<1>(p, values + d, count, width, factor, o + d);
  }
  if (d < width) add_last_values(p, values + d, count, width, factor, o + d, width - d);
}

// Up to kHeadsTogether query heads that share a key head; `position` is the row's own.
template <typename T>
HWY_INLINE void attend(const Call& call, const BoundState& state, std::uint64_t head,
                       std::uint64_t position, const float* q, float* o, std::uint64_t heads) {
  const Operand &keys = call.input(1), &values = call.input(2);
  const std::uint64_t width = keys.dims[1];
  const float scale = call.number(ops::AttributeId::scale);
  Attended attended[kHeadsTogether];
  std::fill_n(o, heads * width, 0.0f);
  for (std::uint64_t start = 0; start <= position; start += kBlockKeys) {
    const std::size_t count = std::min<std::uint64_t>(kBlockKeys, position + 1 - start);
    const std::uint64_t block = start / kBlockKeys;
    const auto* const k = reinterpret_cast<const T*>(state.block(block, keys.plane, head));
    const auto* const v = reinterpret_cast<const T*>(state.block(block, values.plane, head));
    for (std::uint64_t h = 0; h < heads; ++h) {
      attend_block(q + h * width, k, v, count, width, scale, attended[h], o + h * width);
    }
  }
  for (std::uint64_t h = 0; h < heads; ++h) {
    for (std::uint64_t d = 0; d < width; ++d) o[h * width + d] = o[h * width + d] / attended[h].sum;
  }
}

template <typename T>
void attention(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &q = call.input(0), &keys = call.input(1), &y = call.output(0);
  const std::uint64_t heads = keys.dims[0], width = keys.dims[1], group = q.dims[1] / heads;
  for (std::uint64_t item = begin; item < end; ++item) {
    const std::uint64_t r = item / heads, head = item % heads;
    const std::size_t sequence = q.rows->sequence_of(r);
    const BoundState& state = call.state(keys, sequence);
    const std::uint64_t position = state.past_rows + r - q.rows->first[sequence];
    for (std::uint64_t g = 0; g < group; g += kHeadsTogether) {
      const std::uint64_t at = (head * group + g) * width;
      attend<T>(call, state, head, position, q.row<const float>(r) + at, y.row<float>(r) + at,
                std::min(kHeadsTogether, group - g));
    }
  }
}

void attention_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  attention<float>(call, begin, end);
}
void attention_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  attention<hwy::bfloat16_t>(call, begin, end);
}
void attention_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  attention<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  const Operand &q = call.input(0), &keys = call.input(1);
  std::uint64_t longest = 0;
  for (std::size_t s = 0; s < call.sequence_count; ++s) {
    longest = std::max(longest, call.state(keys, s).past_rows + q.row_count(s));
  }
  return {q.rows->total() * keys.dims[0], 50 + longest * q.row_elements / keys.dims[0] / 4};
}

}  // namespace

std::span<const Kernel> attention_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::attention, DType::f32, work, CPU_PER_ISA(attention_f32)},
      {OpNumber::attention, DType::bf16, work, CPU_PER_ISA(attention_bf16)},
      {OpNumber::attention, DType::f16, work, CPU_PER_ISA(attention_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
