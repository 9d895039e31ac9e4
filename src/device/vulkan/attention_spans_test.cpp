// Attention whose spans are done side by side has the bits of attention that takes them in turn.
#include <gtest/gtest.h>

#include "device/test_case_run.h"
#include "device/test_tolerance.h"
#include "device/test_validation.h"

namespace driftwood::device::vulkan {
namespace {

using namespace testing;

// Rows [begin, end) of the only sequence.
SequenceData rows_of(const ConformanceCase& one, std::uint32_t begin, std::uint32_t end) {
  const SequenceData& whole = one.sequences[0];
  SequenceData part = make_sequence(*decode(one.program), {end - begin});
  for (std::size_t w = 0; w < whole.windows.size(); ++w) {
    const std::size_t row_bytes = whole.windows[w].size() / whole.symbols[0];
    part.windows[w].assign(whole.windows[w].begin() + begin * row_bytes,
                           whole.windows[w].begin() + end * row_bytes);
  }
  return part;
}

TEST(AttentionSpans, side_by_side_have_the_bits_of_those_in_turn) {
  constexpr std::uint32_t kRows = 520;  // three spans; many parts, and so in turn
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const AttentionShape shape : {AttentionShape{3, 1, 7}, {10, 2, 40}}) {
      const ConformanceCase one = attention_case(dtype, shape, {kRows});
      SCOPED_TRACE(one.name);
      auto device = open_device("vulkan", checked_options());
      if (!device) GTEST_SKIP() << device.error().message();
      CaseRun run = must(CaseRun::create(one, *std::move(device)));
      const std::vector<SequenceData> whole = run.run(one.sequences);
      expect_like_reference(one, whole);

      ConformanceCase done = one;
      done.sequences = whole;
      std::vector<SequenceData> parts = {rows_of(one, 0, 100)};
      run.add_states(parts[0]);
      const std::vector<AppendState*> states = parts[0].states;
      std::uint32_t begin = 0;
      for (const std::uint32_t end : {100u, 255u, 256u, 257u, 300u, 511u, 513u, 519u, kRows}) {
        parts = {rows_of(one, begin, end)};
        parts[0].states = states;
        must(testing::run(run.device(), run.executable(), parts));
        expect_same_bits(parts, {rows_of(done, begin, end)}, "rows to " + std::to_string(end));
        begin = end;
      }
    }
  }
}

}  // namespace
}  // namespace driftwood::device::vulkan
