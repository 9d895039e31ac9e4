#include <gtest/gtest.h>

#include "device/test_case_run.h"

namespace driftwood::device::testing {
namespace {

// Rows appended in two runs, read back from the state's blocks.
void expect_rounded(tensor::DType dtype, std::uint32_t heads, std::uint32_t width) {
  CaseMaker make("append_rows", dtype, std::to_string(heads));
  const auto x = make.floats({make.rows(), heads, width}, 100);
  make.program().append_rows(x, make.program().state_plane(0, 1, sdk_dtype(dtype), heads, width));
  ConformanceCase one = make.sequences({21, 0, 18});
  CaseRun run(one, 2, "");
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
