#include <gtest/gtest.h>

#include "device/test_case_run.h"

namespace driftwood::device::testing {
namespace {

TEST(SelectRows, an_index_counts_the_rows_of_its_own_sequence) {
  // Row 5 exists in the submission, but not in the first sequence.
  ConformanceCase one = select_rows_case(8);
  one.sequences.resize(2);
  one.sequences[0].windows[1] = bytes_of(std::vector<std::int32_t>{0, 5, 1});
  CaseRun run(one, 2, "");
  const auto failed = testing::run(run.device(), run.executable(), one.sequences);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(failed.error().message(), "Op 0 (select_rows): Index 5 is not between 0 and 4.");
}

TEST(SelectRows, a_sequence_without_rows_has_none_to_select) {
  ConformanceCase one = select_rows_case(8);
  one.sequences = {make_sequence(*decode(one.program), {0, 1})};
  CaseRun run(one, 1, "");
  const auto failed = testing::run(run.device(), run.executable(), one.sequences);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace driftwood::device::testing
