// What the operating system says about this process and gives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"

namespace driftwood::os {

// The number that the system knows this process by; a child of fork has another.
std::int64_t process_id();

// Processors that this process may use: its affinity mask, lowered by a cgroup's quota. At least 1.
unsigned available_processor_count();

// The processor as the system names it, or "unknown processor".
std::string processor_name();

// The folder of the program that this process runs. Errors: io.
Result<std::string> program_folder();

// Resident memory of this process.
Result<std::uint64_t> resident_bytes();

// Memory that this machine has.
std::uint64_t physical_memory_bytes();

// Whether the system shows a GPU that a driver could be there for: a hint that costs nothing.
bool shows_gpu();

// Nanoseconds of a clock that never goes back.
std::uint64_t monotonic_ns();

// Nanoseconds that the processor has worked for the calling thread.
std::uint64_t thread_cpu_ns();

// Nanoseconds since 1970, as the machine believes.
std::uint64_t wall_clock_ns();

// Bits that nobody can guess.
std::uint64_t random_bits();

}  // namespace driftwood::os
