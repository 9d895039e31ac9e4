// The rows of a case's sequences, each by itself.
#pragma once

#include <algorithm>
#include <string>

#include "device/test_case_run.h"

namespace driftwood::device::testing {

// Whether rows may be taken out one by one: one symbol that counts them, and no state.
inline bool has_independent_rows(const graph::Program& program) {
  if (!program.states.empty() || program.symbol_maxima.size() != 1) return false;
  return std::ranges::all_of(program.windows, [&program](const graph::WindowSlot& slot) {
    const tensor::SymbolicShape& shape = program.tensors[slot.tensor].shape;
    return shape.rank > 0 && shape[0].factor > 0;
  });
}

// Row r of a sequence as a sequence of its own.
inline SequenceData take_row(const graph::Program& program, const SequenceData& from,
                             std::size_t r) {
  SequenceData row{{1}, {}, {}};
  for (std::size_t slot = 0; slot < from.windows.size(); ++slot) {
    const Bytes& bytes = from.windows[slot];
    if (program.tensors[program.windows[slot].tensor].shape[0].is_constant()) {
      row.windows.push_back(bytes);
    } else {
      const std::size_t row_bytes = bytes.size() / from.symbols[0];
      const auto start = bytes.begin() + static_cast<std::ptrdiff_t>(r * row_bytes);
      row.windows.emplace_back(start, start + static_cast<std::ptrdiff_t>(row_bytes));
    }
  }
  return row;
}

// Some rows of a sequence, each by itself.
inline void expect_rows_alone(CaseRun& run, const SequenceData& sequence,
                              const SequenceData& together) {
  const graph::Program& program = run.executable()->program();
  for (std::size_t r = 0; r < sequence.symbols[0]; r += 1 + sequence.symbols[0] / 4) {
    expect_same_bits(run.run({take_row(program, sequence, r)}), {take_row(program, together, r)},
                     "row " + std::to_string(r));
  }
}

}  // namespace driftwood::device::testing
