#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

// Rows appended in two runs, read back from the state's blocks.
void expect_rounded(tensor::DType dtype, std::uint32_t heads, std::uint32_t width) {
  sdk::Program program;
  const sdk::Symbol row = program.symbol(100);
  const auto x = program.window(DType::f32, {row, heads, width});
  program.append_rows(x, program.state_plane(0, 1, sdk_dtype(dtype), heads, width));
  ConformanceCase one{.name = "append_rows", .program = program, .dtype = dtype};
  Random random(heads);
  add_sequences(one, {21, 0, 18},
                [&](SequenceData& sequence) { fill_random(sequence.windows[0], random, 100); });
  CaseRun run(one, 2, cpu::usable_isas().front());
  run.add_states(one.sequences[0]);
  AppendState* const state = one.sequences[0].states[0];
  std::vector<float> all;
  for (SequenceData& sequence : one.sequences) {
    sequence.states = {state};
    std::vector<SequenceData> alone = {sequence};
    must(testing::run(run.device(), run.executable(), alone));
    const auto values = values_of<float>(sequence.windows[0]);
    all.insert(all.end(), values.begin(), values.end());
  }
  ASSERT_EQ(state->length_rows(), 39u);
  const Bytes wanted = encode(dtype, all);
  const std::size_t head_bytes = width * tensor::size_bytes(dtype);
  for (std::size_t r = 0; r < 39; ++r) {
    for (std::size_t h = 0; h < heads; ++h) {
      const std::byte* const got =
          state->block(r / 16).contents() + state->plane_bytes() + (h * 16 + r % 16) * head_bytes;
      EXPECT_EQ(std::memcmp(got, wanted.data() + (r * heads + h) * head_bytes, head_bytes), 0)
          << "row " << r << ", head " << h;
    }
  }
}

TEST(AppendRows, rounds_rows_into_their_blocks) {
  for (const tensor::DType dtype : kWeightDTypes) {
    expect_rounded(dtype, 1, 1);
    expect_rounded(dtype, 2, 16);
    expect_rounded(dtype, 3, 21);
  }
}

}  // namespace
}  // namespace driftwood::device::testing
