// What the operating system says about this process and gives it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/error.h"

namespace driftwood::os {

// Processors that this process may use: its affinity mask, lowered by a cgroup's quota. At least 1.
unsigned available_processor_count();

// Resident memory of this process.
Result<std::uint64_t> resident_bytes();

// Nanoseconds of a clock that never goes back.
std::uint64_t monotonic_ns();

// Nanoseconds since 1970, as the machine believes.
std::uint64_t wall_clock_ns();

// Bits that nobody can guess.
std::uint64_t random_bits();

}  // namespace driftwood::os
