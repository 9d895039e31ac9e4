// Attention whose spans are done side by side has the bits of attention that takes them in turn.
#include <gtest/gtest.h>

#include "device/test_case_rows.h"
#include "device/test_case_run.h"
#include "device/test_tolerance.h"
#include "device/vulkan/test_driver.h"
#include "device/vulkan/vulkan_device.h"

namespace driftwood::device::vulkan {
namespace {

using namespace device::testing;
using testing::Driver;

// Kernels of two append_rows and an attention whose spans are joined by another.
constexpr int kSideBySide = 4;

TEST(AttentionSpans, side_by_side_have_the_bits_of_those_in_turn) {
  constexpr std::uint32_t kRows = 520;  // three spans; many parts, and so in turn
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const AttentionShape shape : {AttentionShape{3, 1, 7}, {10, 2, 40}}) {
      const ConformanceCase one = attention_case(dtype, shape, {kRows});
      SCOPED_TRACE(one.name);
      Driver driver;
      auto device = open_vulkan_device({.instance = driver.options()});
      if (!device) GTEST_SKIP() << device.error().message();
      CaseRun run = must(CaseRun::create(one, *std::move(device)));
      const graph::Program& program = run.executable()->program();
      const std::vector<SequenceData> whole = run.run(one.sequences);
      expect_like_reference(one, whole);

      std::vector<SequenceData> parts = {take_rows(program, one.sequences[0], 0, 0)};
      run.add_states(parts[0]);
      const std::vector<AppendState*> states = parts[0].states;
      std::uint32_t begin = 0;
      for (const std::uint32_t end : {100u, 255u, 256u, 257u, 300u, 511u, 513u, 519u, kRows}) {
        parts = {take_rows(program, one.sequences[0], begin, end)};
        parts[0].states = states;
        driver.break_call({});
        must(device::testing::run(run.device(), run.executable(), parts));
        if (end == 257) EXPECT_EQ(driver.calls("CmdDispatchIndirect"), kSideBySide);
        expect_same_bits(parts, {take_rows(program, whole[0], begin, end)},
                         "rows to " + std::to_string(end));
        begin = end;
      }
    }
  }
}

// Spans of the longest sequence are counted for all.
TEST(AttentionSpans, of_sequences_of_different_lengths_are_their_own) {
  const std::uint32_t lengths[] = {601, 21, 301, 0};
  const ConformanceCase one = attention_case(tensor::DType::bf16, {10, 2, 40}, {601, 21, 301, 0});
  Driver driver;
  auto device = open_vulkan_device({.instance = driver.options()});
  if (!device) GTEST_SKIP() << device.error().message();
  CaseRun run = must(CaseRun::create(one, *std::move(device)));
  const graph::Program& program = run.executable()->program();
  const std::vector<SequenceData> whole = run.run(one.sequences);
  std::vector<SequenceData> before, last, wanted;
  for (std::size_t s = 0; s < one.sequences.size(); ++s) {
    const std::uint32_t length = lengths[s], past = length == 0 ? 0 : length - 1;
    before.push_back(take_rows(program, one.sequences[s], 0, past));
    run.add_states(before.back());
    last.push_back(take_rows(program, one.sequences[s], past, length));
    last.back().states = before.back().states;
    wanted.push_back(take_rows(program, whole[s], past, length));
  }
  must(device::testing::run(run.device(), run.executable(), before));
  driver.break_call({});
  must(device::testing::run(run.device(), run.executable(), last));
  EXPECT_EQ(driver.calls("CmdDispatchIndirect"), kSideBySide);
  expect_same_bits(last, wanted, "the last rows");
}

}  // namespace
}  // namespace driftwood::device::vulkan
