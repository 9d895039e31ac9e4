// The middle part of decoding: records become symbols, tensors and ops, each checked by itself. How
// ops use tensors over time is the matter of program_flow.h.
#pragma once

#include <cstddef>
#include <string>

#include "core/error.h"
#include "graph/program.h"
#include "graph/program_tables.h"

namespace driftwood::graph {

// What messages call an op: "Op 3 (linear)".
std::string op_context(std::size_t index, const ops::OpDefinition& definition);

// Fills program.symbol_maxima. Errors: invalid_argument.
Result<void> read_symbols(const ProgramTables& tables, Program& program);

// Fills program.tensors. Precondition: the symbols are read. Errors: invalid_argument, limit.
Result<void> read_tensors(const ProgramTables& tables, Program& program);

// Fills program.ops, each having passed its op's rule. Precondition: the tensors are read.
// Errors: invalid_argument; the op is named.
Result<void> read_ops(const ProgramTables& tables, Program& program);

}  // namespace driftwood::graph
