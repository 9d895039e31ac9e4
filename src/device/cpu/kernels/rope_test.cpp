#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

ConformanceCase make_rope(std::uint32_t heads, std::uint32_t width, std::uint32_t pairs,
                          sdk::Pairing pairing, std::initializer_list<std::uint32_t> rows) {
  ConformanceCase one{.name = "rope " + std::to_string(width) + " " + std::to_string(pairs)};
  const sdk::Symbol row = one.program.symbol(100);
  const auto x = one.program.window(DType::f32, {row, heads, width});
  const auto positions = one.program.window(DType::i32, {row});
  const auto frequencies = one.program.window(DType::f32, {pairs});
  one.program.rope(x, positions, frequencies, pairing,
                   one.program.window(DType::f32, {row, heads, width}));
  Random random(width);
  add_sequences(one, rows, [&](SequenceData& sequence) {
    fill_random(sequence.windows[0], random);
    sequence.windows[1] = bytes_of(random.indices(sequence.symbols[0], 1 << 20));
    std::vector<float> inverse(pairs);
    for (std::uint32_t j = 0; j < pairs; ++j) {
      inverse[j] = std::pow(10000.0f, -static_cast<float>(j) / static_cast<float>(pairs));
    }
    sequence.windows[2] = bytes_of(inverse);
  });
  return one;
}

using RopePerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, RopePerIsa, kEveryIsa, isa_name);

TEST_P(RopePerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  for (const sdk::Pairing pairing : {sdk::Pairing::halves, sdk::Pairing::neighbours}) {
    expect_conforms(make_rope(4, 64, 32, pairing, {3, 0, 70, 1}), GetParam());
    expect_conforms(make_rope(1, 7, 2, pairing, {3}), GetParam());
    expect_conforms(make_rope(2, 300, 130, pairing, {3}), GetParam());
  }
}

TEST(Rope, rows_together_equal_rows_alone) {
  expect_rows_alone(make_rope(3, 32, 16, sdk::Pairing::halves, {9}));
}

TEST(Rope, position_zero_turns_nothing) {
  ConformanceCase one = make_rope(2, 16, 8, sdk::Pairing::halves, {1});
  one.sequences[0].windows[1] = bytes_of(std::vector<std::int32_t>{0});
  CaseRun run(one, 1, cpu::usable_isas().front());
  const auto got = run.run(one.sequences);
  EXPECT_TRUE(got[0].windows[3] == got[0].windows[0]);
}

}  // namespace
}  // namespace driftwood::device::testing
