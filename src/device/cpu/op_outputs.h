// Where an op of a run wrote, for observers.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "device/cpu/kernel.h"
#include "graph/program.h"

namespace driftwood::device::cpu {

// The bytes of each output of an op that has just been done, as OpEvent::outputs has them.
std::vector<std::vector<std::span<const std::byte>>> op_outputs(const graph::Program& program,
                                                                const Call& call);

}  // namespace driftwood::device::cpu
