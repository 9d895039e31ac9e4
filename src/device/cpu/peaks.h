// What a processor can do at most, as loops that do nothing else: the measure of kernels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "device/cpu/isa.h"

namespace driftwood::device::cpu {

// How many places a thread reads at once: what is fastest depends on the machine's prefetching.
inline constexpr std::array<unsigned, 3> kReadStreams = {1, 2, 4};

// Reads every byte once, in this many streams side by side; what it gives depends on all of them.
std::uint64_t read_all(Isa isa, std::span<const std::byte> bytes, unsigned streams);

// Does at least `count` fused multiply-adds of f32 as fast as one thread can, and adds up how many
// it did. Gives a number that depends on all of them.
float multiply_add(Isa isa, std::uint64_t count, std::uint64_t& done);

}  // namespace driftwood::device::cpu
