// Of logits [rows, V]: the K best, descending, the lower id first among equals; the log-sum-exp;
// the logits at the given ids [rows, G].
//
// Order: m = largest logit; m + log(sixteen-lane sum of exp(x - m)), or m itself where it is
// infinite. One item is a row.
#include "device/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/top_logits.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

inline constexpr std::size_t kMostBest = 256;

struct Candidate {
  float logit;
  std::int32_t id;

  // Whether this one comes before `other`.
  bool beats(const Candidate& other) const {
    return logit > other.logit || (logit == other.logit && id < other.id);
  }
};

inline bool beats(const Candidate& a, const Candidate& b) {
  return a.beats(b);
}

// The best so far as a heap with the worst on top.
struct Best {
  Candidate heap[kMostBest];
  std::size_t count = 0;

  void offer(Candidate candidate, std::size_t most) {
    if (count < most) {
      heap[count++] = candidate;
      std::push_heap(heap, heap + count, beats);
    } else if (candidate.beats(heap[0])) {
      std::pop_heap(heap, heap + count, beats);
      heap[count - 1] = candidate;
      std::push_heap(heap, heap + count, beats);
    }
  }
};

// Whether one of the lanes is above `limit` or not a number.
HWY_INLINE bool any_above(const Lanes& lanes, float limit) {
  const PartTag d;
  auto within = hn::Le(lanes.part[0], hn::Set(d, limit));
  for (std::size_t p = 1; p < kParts; ++p) {
    within = hn::And(within, hn::Le(lanes.part[p], hn::Set(d, limit)));
  }
  return !hn::AllTrue(d, within);
}

// Fills `best`; false where a logit is not a number. Ids ascend, so an equal logit never displaces
// one.
HWY_INLINE bool find_best(const float* logits, std::uint64_t width, std::size_t most, Best& best) {
  std::uint64_t i = 0;
  while (i < width) {
    const std::uint64_t last = std::min<std::uint64_t>(i + kLanes, width);
    if (best.count == most && last - i == kLanes &&
        !any_above(load(logits + i), best.heap[0].logit)) {
      i = last;
      continue;
    }
    for (; i < last; ++i) {
      const float logit = logits[i];
      if (logit != logit) return false;
      best.offer({logit, static_cast<std::int32_t>(i)}, most);
    }
  }
  std::sort_heap(best.heap, best.heap + best.count, beats);
  return true;
}

HWY_INLINE float log_sum_exp(const float* logits, std::uint64_t width, float largest) {
  if (std::fabs(largest) == std::numeric_limits<float>::infinity()) return largest;
  return largest + log(sum_of_exp(logits, width, largest));
}

void top_logits(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &logits = call.input(0), &ids = call.input(1);
  const std::uint64_t width = logits.row_elements, most = call.output(0).row_elements;
  for (std::uint64_t r = begin; r < end; ++r) {
    const float* const row = logits.row<const float>(r);
    Best best;
    if (!find_best(row, width, most, best)) {
      call.faults->report("A logit is not a number.");
      return;
    }
    for (std::size_t k = 0; k < best.count; ++k) {
      call.output(0).row<std::int32_t>(r)[k] = best.heap[k].id;
      call.output(1).row<float>(r)[k] = best.heap[k].logit;
    }
    *call.output(2).row<float>(r) = log_sum_exp(row, width, best.heap[0].logit);
    for (std::uint64_t g = 0; g < ids.row_elements; ++g) {
      const std::uint64_t id = read_index(ids.row<const std::int32_t>(r) + g, width, *call.faults);
      call.output(3).row<float>(r)[g] = row[id];
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
  return {call.input(0).rows->total(), 200 + call.input(0).row_elements * 2};
}

}  // namespace

std::span<const Kernel> top_logits_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::top_logits, DType::f32, work, CPU_PER_ISA(top_logits)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
