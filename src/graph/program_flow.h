// The last part of decoding: how ops use tensors over time, and what each slot has to be.
#pragma once

#include "core/error.h"
#include "graph/program.h"
#include "graph/program_tables.h"

namespace driftwood::graph {

// Checks that temporaries, windows and registers are written at most once and in time, and that
// each slot is used, and in one way; fills windows, states, registers and symbol_is_rows.
// Precondition: symbols, tensors and ops are read. Errors: invalid_argument; the op or the slot is
// named.
Result<void> check_flow(const ProgramTables& tables, Program& program);

}  // namespace driftwood::graph
