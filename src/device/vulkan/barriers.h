// Where the ops of a program have to wait for each other. The GPU works on several at once unless a
// barrier tells it not to.
#pragma once

#include <vector>

#include "graph/memory_plan.h"
#include "graph/program.h"

namespace driftwood::device::vulkan {

// By op: whether everything before it has to be done first, because it reads what was written since
// the last barrier, or writes what was read or written since then: a tensor, or the slot of the
// arena that two temporaries have one after the other. `uses_scratch`, by op, are those that share
// one more piece of memory.
std::vector<bool> find_barriers(const graph::Program& program, const graph::MemoryPlan& plan,
                                const std::vector<bool>& uses_scratch);

}  // namespace driftwood::device::vulkan
