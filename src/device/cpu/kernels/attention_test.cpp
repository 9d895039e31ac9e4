#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

struct AttentionShape {
  std::uint32_t query_heads, heads, width;
};

// append_rows of keys and values, then attention, from an empty state.
ConformanceCase make_attention(tensor::DType dtype, AttentionShape shape,
                               std::initializer_list<std::uint32_t> rows) {
  ConformanceCase one{.name = "attention " + std::to_string(shape.width), .dtype = dtype};
  const sdk::Symbol row = one.program.symbol(100);
  const auto q = one.program.window(DType::f32, {row, shape.query_heads, shape.width});
  const auto k = one.program.window(DType::f32, {row, shape.heads, shape.width});
  const auto v = one.program.window(DType::f32, {row, shape.heads, shape.width});
  const auto keys = one.program.state_plane(0, 0, sdk_dtype(dtype), shape.heads, shape.width);
  const auto values = one.program.state_plane(0, 1, sdk_dtype(dtype), shape.heads, shape.width);
  one.program.append_rows(k, keys);
  one.program.append_rows(v, values);
  one.program.attention(q, keys, values, 1 / std::sqrt(static_cast<double>(shape.width)),
                        one.program.window(DType::f32, {row, shape.query_heads, shape.width}));
  Random random(shape.width);
  add_sequences(one, rows, [&](SequenceData& sequence) {
    for (const std::size_t slot : {0, 1, 2}) fill_random(sequence.windows[slot], random);
  });
  return one;
}

// Rows [begin, end) of a sequence of make_attention.
SequenceData take_rows(const SequenceData& from, std::size_t begin, std::size_t end) {
  SequenceData rows{{static_cast<std::uint32_t>(end - begin)}, {}, from.states};
  for (const Bytes& window : from.windows) {
    const std::size_t row_bytes = window.size() / from.symbols[0];
    rows.windows.emplace_back(window.begin() + static_cast<std::ptrdiff_t>(begin * row_bytes),
                              window.begin() + static_cast<std::ptrdiff_t>(end * row_bytes));
  }
  return rows;
}

using AttentionPerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, AttentionPerIsa, kEveryIsa, isa_name);

TEST_P(AttentionPerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const AttentionShape shape :
         {AttentionShape{4, 4, 16}, {8, 2, 64}, {3, 1, 7}, {24, 2, 100}, {2, 1, 80}}) {
      expect_conforms(make_attention(dtype, shape, {3, 0, 70, 1, 16, 17}), GetParam());
    }
  }
}

TEST(Attention, prefill_in_pieces_equals_prefill_at_once) {
  for (const tensor::DType dtype : kWeightDTypes) {
    ConformanceCase one = make_attention(dtype, {6, 2, 40}, {67});
    CaseRun run(one, 2, cpu::usable_isas().front());
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
  ConformanceCase one = make_attention(tensor::DType::f32, {2, 1, 16}, {40});
  CaseRun run(one, 1, cpu::usable_isas().front());
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
