#include <gtest/gtest.h>

#include "device/test_case_run.h"

namespace driftwood::device::testing {
namespace {

TEST(GatherRows, ids_outside_the_table_fail_the_run_by_name) {
  for (const std::int32_t id : {-1, 23, 1 << 30, -(1 << 30)}) {
    ConformanceCase one = gather_rows_case(tensor::DType::f32, 16, false, {3});
    one.sequences[0].windows[0] = bytes_of(std::vector<std::int32_t>{1, id, 2});
    CaseRun run(one, 1, "");
    const auto failed = testing::run(run.device(), run.executable(), one.sequences);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(failed.error().message(),
              "Op 0 (gather_rows): Index " + std::to_string(id) + " is not between 0 and 22.");
  }
}

}  // namespace
}  // namespace driftwood::device::testing
