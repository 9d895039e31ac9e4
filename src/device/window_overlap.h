// Windows that a run writes may not share bytes with another of its windows: what an op reads there
// would depend on which thread came first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "device/device.h"
#include "graph/program.h"

namespace driftwood::device {

// Errors: invalid_argument when a window that is written shares bytes with a window of another slot
// or sequence; both are named. Precondition: the sequences are those that submit() has found to fit
// the program. `windows` is working memory, to be used again.
Result<void> check_overlap(const graph::Program& program, std::span<const Sequence> sequences,
                           std::vector<BoundWindow>& windows);

}  // namespace driftwood::device
