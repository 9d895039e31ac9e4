// Some of the rows of a case's sequences, by themselves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
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

// Rows [begin, end) of a sequence as a sequence of its own, without states. One symbol counts them.
inline SequenceData take_rows(const graph::Program& program, const SequenceData& from,
                              std::uint32_t begin, std::uint32_t end) {
  SequenceData rows{{end - begin}, {}, {}};
  for (std::size_t slot = 0; slot < from.windows.size(); ++slot) {
    const Bytes& bytes = from.windows[slot];
    if (program.tensors[program.windows[slot].tensor].shape[0].is_constant()) {
      rows.windows.push_back(bytes);
    } else {
      const std::size_t row_bytes = begin == end ? 0 : bytes.size() / from.symbols[0];
      const auto taken = std::span(bytes).subspan(begin * row_bytes, (end - begin) * row_bytes);
      rows.windows.emplace_back(taken.begin(), taken.end());
    }
  }
  return rows;
}

// Some rows of a sequence, each by itself.
inline void expect_rows_alone(CaseRun& run, const SequenceData& sequence,
                              const SequenceData& together) {
  const graph::Program& program = run.executable()->program();
  for (std::uint32_t r = 0; r < sequence.symbols[0]; r += 1 + sequence.symbols[0] / 4) {
    expect_same_bits(run.run({take_rows(program, sequence, r, r + 1)}),
                     {take_rows(program, together, r, r + 1)}, "row " + std::to_string(r));
  }
}

}  // namespace driftwood::device::testing
