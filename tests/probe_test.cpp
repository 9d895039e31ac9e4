// The proof table of `driftwood probe`, but for its latencies.
#include <driftwood/probe.h>
#include <gtest/gtest.h>

#include "support/devices.h"

namespace driftwood {
namespace {

// Whether what is copied to the device takes memory of this process.
bool computes_in_host_memory(const char* kind) {
  return test::open_device_of_kind(kind)->allocate(4).value()->contents() != nullptr;
}

class Probe : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(On, Probe, test::kEveryDevice, test::device_kind);

TEST_P(Probe, guest_and_device_work_on_the_same_bytes) {
  DW_NEED_DEVICE(GetParam());
  const std::string device = test::device_of_kind(GetParam()).name;
  const auto report = probe({.runtime = {.device = device,
                                         .thread_count = 2,
                                         .isa = "",
                                         .validate = test::is_checked(GetParam())},
                             .model_folder = "",
                             .on_progress = {}});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->name, device);
  EXPECT_TRUE(report->pointer_identity);
  EXPECT_TRUE(report->byte_identity);
#ifndef DRIFTWOOD_SANITIZED
  // A sanitizer's own bookkeeping is resident memory too.
  EXPECT_LE(report->rss_delta_zero_copy_bytes, 100'000);
  if (computes_in_host_memory(GetParam())) {
    EXPECT_GE(report->rss_delta_copy_bytes, 16'000'000);
  }
#endif
  EXPECT_EQ(report->matmul_elements, 16384u);
  EXPECT_EQ(report->matmul_errors, 0u);
  EXPECT_EQ(report->copied_bytes_per_token, 0);
  EXPECT_EQ(report->link_bytes_per_token, 0);
  EXPECT_GT(report->token_ms, 0);
}

TEST(ProbeRefusals, an_unknown_device_is_refused_with_the_known_ones) {
  const auto report = probe({.runtime = {.device = "abacus", .thread_count = 0, .isa = ""},
                             .model_folder = "",
                             .on_progress = {}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::not_found);
  EXPECT_NE(report.error().message().find("cpu"), std::string::npos) << report.error().message();
}

TEST(ProbeRefusals, a_model_folder_that_is_not_there_is_refused) {
  const auto report = probe({.runtime = {.device = "cpu", .thread_count = 1, .isa = ""},
                             .model_folder = "no/such/folder",
                             .on_progress = {}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace driftwood
