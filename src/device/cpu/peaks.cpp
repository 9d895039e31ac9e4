#include "device/cpu/peaks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "device/cpu/peaks.cpp"
#include "device/cpu/targets.h"

#include <hwy/foreach_target.h>

#include "device/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace driftwood::device::cpu {
namespace HWY_NAMESPACE {

using WordTag = hn::CappedTag<std::uint64_t, 8>;
using Words = hn::Vec<WordTag>;

// A stream takes two cache lines in a step.
inline constexpr std::size_t kStepBytes = 128;
inline constexpr std::size_t kWordsInStep = kStepBytes / (hn::MaxLanes(WordTag()) * 8);

template <std::size_t kStreams>
HWY_INLINE std::uint64_t read_streams(const std::byte* from, std::size_t size_bytes) {
  const WordTag d;
  const std::size_t stream_bytes = size_bytes / kStreams / kStepBytes * kStepBytes;
  Words seen[kStreams];
  for (Words& words : seen) words = hn::Zero(d);
  for (std::size_t at = 0; at < stream_bytes; at += kStepBytes) {
    for (std::size_t s = 0; s < kStreams; ++s) {
      const auto* const step = reinterpret_cast<const std::uint64_t*>(from + s * stream_bytes + at);
      for (std::size_t w = 0; w < kWordsInStep; ++w) {
        seen[s] = hn::Xor(seen[s], hn::LoadU(d, step + w * hn::MaxLanes(d)));
      }
    }
  }
  std::uint64_t all = 0;
  for (const Words& words : seen) {
    HWY_ALIGN std::uint64_t lanes[hn::MaxLanes(d)];
    hn::Store(words, d, lanes);
    for (const std::uint64_t lane : lanes) all ^= lane;
  }
  for (std::size_t at = stream_bytes * kStreams; at < size_bytes; ++at) {
    all ^= std::to_integer<std::uint64_t>(from[at]);
  }
  return all;
}

std::uint64_t read_all_bytes(const std::byte* from, std::size_t size_bytes, unsigned streams) {
  return streams >= 4   ? read_streams<4>(from, size_bytes)
         : streams == 2 ? read_streams<2>(from, size_bytes)
                        : read_streams<1>(from, size_bytes);
}

// As many chains as hide the latency of one and leave registers for the factors.
inline constexpr std::size_t kChains = 12;

float multiply_add_chains(std::uint64_t count, std::uint64_t* done) {
  Part chains[kChains];
  for (std::size_t c = 0; c < kChains; ++c) {
    chains[c] = hn::Set(PartTag(), static_cast<float>(c));
  }
  const Part factor = hn::Set(PartTag(), 0.999f), term = hn::Set(PartTag(), 0.001f);
  constexpr std::uint64_t kInTurn = kChains * kPartLanes;
  std::uint64_t turns = count / kInTurn + 1;
  *done += turns * kInTurn;
  for (; turns > 0; --turns) {
    for (Part& chain : chains) chain = fma(chain, factor, term);
  }
  float sum = 0;
  for (const Part& chain : chains) sum += hn::GetLane(chain);
  return sum;
}

}  // namespace HWY_NAMESPACE
}  // namespace driftwood::device::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace driftwood::device::cpu {

std::uint64_t read_all(Isa isa, std::span<const std::byte> bytes, unsigned streams) {
  static constexpr PerIsa<std::uint64_t (*)(const std::byte*, std::size_t, unsigned)> kRead =
      CPU_PER_ISA(read_all_bytes);
  return kRead.of(isa)(bytes.data(), bytes.size(), streams);
}

float multiply_add(Isa isa, std::uint64_t count, std::uint64_t& done) {
  static constexpr PerIsa<float (*)(std::uint64_t, std::uint64_t*)> kMultiplyAdd =
      CPU_PER_ISA(multiply_add_chains);
  return kMultiplyAdd.of(isa)(count, &done);
}

}  // namespace driftwood::device::cpu
#endif
