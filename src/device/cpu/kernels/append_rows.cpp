// The rows x [rows, heads, D] become rows `length`.. of a state plane, rounded to its dtype
// (nearest, ties to even). One item is a row.
#include <bit>

#include "device/cpu/kernels/kernels.h"
#include "tensor/convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/kernels/append_rows.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

HWY_INLINE void round_all(const float* from, float* to, std::uint64_t count) {
  std::copy_n(from, count, to);
}

HWY_INLINE void round_all(const float* from, hwy::bfloat16_t* to, std::uint64_t count) {
  auto* const bits = reinterpret_cast<std::uint16_t*>(to);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto value = std::bit_cast<std::uint32_t>(from[i]);
    const bool is_nan = (value & 0x7fffffff) > 0x7f800000;
    const std::uint32_t rounded = value + 0x7fff + (value >> 16 & 1);
    bits[i] = static_cast<std::uint16_t>((is_nan ? value | 0x400000 : rounded) >> 16);
  }
}

HWY_INLINE void round_all(const float* from, hwy::float16_t* to, std::uint64_t count) {
  std::uint64_t i = 0;
  if constexpr (!kPortable) {
    const hn::Rebind<hwy::float16_t, PartTag> half;
    for (; i + kPartLanes <= count; i += kPartLanes) {
      hn::StoreU(hn::DemoteTo(half, load_part(from + i)), half, to + i);
    }
  }
  auto* const bits = reinterpret_cast<std::uint16_t*>(to);
  for (; i < count; ++i) bits[i] = tensor::f16_from_float(from[i]);
}

template <typename T>
void append_rows(const Call& call, std::uint64_t begin, std::uint64_t end) {
  const Operand &x = call.input(0), &plane = call.output(0);
  const std::uint64_t heads = x.dims[1], width = x.dims[2];
  for (std::uint64_t r = begin; r < end; ++r) {
    const std::size_t sequence = x.rows->sequence_of(r);
    const BoundState& state = call.state(plane, sequence);
    const std::uint64_t position = state.past_rows + r - x.rows->first[sequence];
    const float* const from = x.row<const float>(r);
    for (std::uint64_t h = 0; h < heads; ++h) {
      auto* const block =
          reinterpret_cast<T*>(state.block(position / AppendState::kBlockRows, plane.plane, h));
      round_all(from + h * width, block + position % AppendState::kBlockRows * width, width);
    }
  }
}

void append_rows_f32(const Call& call, std::uint64_t begin, std::uint64_t end) {
  append_rows<float>(call, begin, end);
}
void append_rows_bf16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  append_rows<hwy::bfloat16_t>(call, begin, end);
}
void append_rows_f16(const Call& call, std::uint64_t begin, std::uint64_t end) {
  append_rows<hwy::float16_t>(call, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {
namespace {

Work work(const Call& call) {
  return {call.input(0).rows->total(), 20 + call.input(0).row_elements};
}

}  // namespace

std::span<const Kernel> append_rows_kernels() {
  using ops::OpNumber, tensor::DType;
  static constexpr Kernel kKernels[] = {
      {OpNumber::append_rows, DType::f32, work, CPU_PER_ISA(append_rows_f32)},
      {OpNumber::append_rows, DType::bf16, work, CPU_PER_ISA(append_rows_bf16)},
      {OpNumber::append_rows, DType::f16, work, CPU_PER_ISA(append_rows_f16)},
  };
  return kKernels;
}

}  // namespace driftwood::device::cpu
#endif
