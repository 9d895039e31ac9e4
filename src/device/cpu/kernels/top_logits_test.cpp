#include <gtest/gtest.h>

#include "device/test_case_run.h"

namespace driftwood::device::testing {
namespace {

Result<void> run_alone(ConformanceCase& one) {
  CaseRun run(one, 1, "");
  return testing::run(run.device(), run.executable(), one.sequences);
}

TEST(TopLogits, logits_that_are_not_numbers_fail_the_run_by_name) {
  for (const std::size_t place : {0, 5, 99}) {
    ConformanceCase one = top_logits_case(100, 3, 1, {1});
    auto logits = values_of<float>(one.sequences[0].windows[0]);
    logits[place] = std::nanf("");
    one.sequences[0].windows[0] = bytes_of(logits);
    const auto failed = run_alone(one);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(failed.error().message(), "Op 0 (top_logits): A logit is not a number.");
  }
}

TEST(TopLogits, ids_outside_the_row_fail_the_run_by_name) {
  for (const std::int32_t id : {-1, 100, 1 << 30}) {
    ConformanceCase one = top_logits_case(100, 3, 1, {1});
    one.sequences[0].windows[1] = bytes_of(std::vector<std::int32_t>{id});
    const auto failed = run_alone(one);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
    EXPECT_NE(failed.error().message().find("Op 0 (top_logits): Index"), std::string::npos);
  }
}

}  // namespace
}  // namespace driftwood::device::testing
