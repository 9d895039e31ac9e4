// The CPU device: computes in the process's memory with all threads it was given, in the order of
// sums that docs/numerics.md writes down. Imports are the region's own bytes.
//
// Runs are done by wait(): its caller is member 0 of the team, so that nothing is handed over and a
// small step costs a few microseconds. A wait that times out, or a run that is cancelled, stops
// between two ops or two pieces of one, and the next wait goes on there. Kernels compute in IEEE
// 754's default environment, whatever the caller's is.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "device/device.h"

namespace driftwood::device::cpu {

// thread_count 0: as many as the process may use. isa: "avx2", "avx512", "neon", "portable", or
// empty for the best one. Errors: invalid_argument for an unknown isa or more than 1,024 threads;
// unsupported for an isa that this build or machine does not have.
Result<std::unique_ptr<Device>> open_cpu_device(unsigned thread_count, std::string_view isa);

// What the device is when nothing is chosen: "CPU, 2 threads, avx2".
std::string describe_cpu();

}  // namespace driftwood::device::cpu
