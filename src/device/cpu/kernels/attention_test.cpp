#include <gtest/gtest.h>

#include "device/test_case_run.h"

namespace driftwood::device::testing {
namespace {

// Rows [begin, end) of a sequence of an attention_case.
SequenceData take_rows(const SequenceData& from, std::size_t begin, std::size_t end) {
  SequenceData rows{{static_cast<std::uint32_t>(end - begin)}, {}, from.states};
  for (const Bytes& window : from.windows) {
    const std::size_t row_bytes = window.size() / from.symbols[0];
    rows.windows.emplace_back(window.begin() + static_cast<std::ptrdiff_t>(begin * row_bytes),
                              window.begin() + static_cast<std::ptrdiff_t>(end * row_bytes));
  }
  return rows;
}

TEST(Attention, prefill_in_pieces_equals_prefill_at_once) {
  for (const tensor::DType dtype : kWeightDTypes) {
    ConformanceCase one = attention_case(dtype, {6, 2, 40}, {67});
    CaseRun run(one, 2, "");
    const SequenceData at_once = run.run(one.sequences).front();
    for (const std::size_t piece : {1u, 7u, 16u, 50u}) {
      SequenceData& sequence = one.sequences[0];
      run.add_states(sequence);
      for (std::size_t begin = 0; begin < 67; begin += piece) {
        const std::size_t end = std::min<std::size_t>(begin + piece, 67);
        std::vector<SequenceData> rows = {take_rows(sequence, begin, end)};
        must(testing::run(run.device(), run.executable(), rows));
        expect_same_bits(rows, {take_rows(at_once, begin, end)},
                         "pieces of " + std::to_string(piece));
      }
    }
  }
}

TEST(Attention, rows_after_a_truncation_do_not_see_the_dropped_ones) {
  ConformanceCase one = attention_case(tensor::DType::f32, {2, 1, 16}, {40});
  CaseRun run(one, 1, "");
  SequenceData& sequence = one.sequences[0];
  run.add_states(sequence);
  std::vector<SequenceData> first = {take_rows(sequence, 0, 40)};
  must(testing::run(run.device(), run.executable(), first));
  must(sequence.states[0]->truncate(10));
  std::vector<SequenceData> again = {take_rows(sequence, 10, 40)};
  must(testing::run(run.device(), run.executable(), again));
  expect_same_bits(again, {take_rows(first[0], 10, 40)}, "after truncation");
}

}  // namespace
}  // namespace driftwood::device::testing
