#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

ConformanceCase make_select(std::uint32_t width) {
  ConformanceCase one{.name = "select_rows " + std::to_string(width)};
  const sdk::Symbol row = one.program.symbol(100), chosen = one.program.symbol(100);
  const auto x = one.program.window(DType::f32, {row, width});
  const auto indices = one.program.window(DType::i32, {chosen});
  one.program.select_rows(x, indices, one.program.window(DType::f32, {chosen, width}));
  Random random(width);
  const auto program = decode(one.program);
  for (const auto& [rows, count] : {std::pair{5u, 3u}, {70u, 1u}, {4u, 0u}, {0u, 0u}, {1u, 6u}}) {
    one.sequences.push_back(make_sequence(*program, {rows, count}));
    fill_random(one.sequences.back().windows[0], random);
    if (rows > 0) {
      one.sequences.back().windows[1] =
          bytes_of(random.indices(count, static_cast<std::int32_t>(rows)));
    }
  }
  return one;
}

using SelectRowsPerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, SelectRowsPerIsa, kEveryIsa, isa_name);

TEST_P(SelectRowsPerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  for (const std::uint32_t width : {1u, 16u, 100u}) expect_conforms(make_select(width), GetParam());
}

TEST(SelectRows, an_index_counts_the_rows_of_its_own_sequence) {
  // Row 5 exists in the submission, but not in the first sequence.
  ConformanceCase one = make_select(8);
  one.sequences.resize(2);
  one.sequences[0].windows[1] = bytes_of(std::vector<std::int32_t>{0, 5, 1});
  CaseRun run(one, 2, cpu::usable_isas().front());
  const auto failed = testing::run(run.device(), run.executable(), one.sequences);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(failed.error().message(), "Op 0 (select_rows): Index 5 is not between 0 and 4.");
}

TEST(SelectRows, a_sequence_without_rows_has_none_to_select) {
  ConformanceCase one = make_select(8);
  one.sequences = {make_sequence(*decode(one.program), {0, 1})};
  CaseRun run(one, 1, cpu::usable_isas().front());
  const auto failed = testing::run(run.device(), run.executable(), one.sequences);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace driftwood::device::testing
