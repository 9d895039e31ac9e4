// Which registers a program has: each slot is a value before the run, read by any op, and a value
// after it, written by one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "graph/program.h"

namespace driftwood::graph {

// The slots, from the tensors alone. Errors: invalid_argument for a slot that has no value after
// the run, two tensors for one of its values, or values that differ in dtype or shape.
Result<std::vector<RegisterSlot>> collect_registers(std::uint32_t slot_count,
                                                    std::span<const Tensor> tensors);

}  // namespace driftwood::graph
