// The last part of decoding: how ops use tensors over time, and what each slot has to be.
#pragma once

#include <cstdint>

#include "core/error.h"
#include "graph/program.h"

namespace driftwood::graph {

// Checks that temporaries and windows are written at most once and in time, and that each slot is
// used, and in one way; fills windows, states and symbol_is_rows. Precondition: symbols, tensors
// and ops are read. Errors: invalid_argument; the op or the slot is named.
Result<void> check_flow(std::uint32_t window_slot_count, std::uint32_t state_slot_count,
                        Program& program);

}  // namespace driftwood::graph
