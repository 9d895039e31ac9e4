// Every device against the plain references: op x dtype x shape. Kernels that a device lacks are
// printed as skipped.
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "device/test_case_run.h"
#include "device/test_tolerance.h"
#include "ops/op_list.h"

namespace driftwood::device::testing {
namespace {

struct DeviceAndOp {
  std::string device;
  std::string_view op;
};

std::vector<DeviceAndOp> every_device_and_op() {
  std::vector<DeviceAndOp> all;
  for (const std::string& device : device_names()) {
    if (device == "null") continue;  // computes nothing
    for (const ops::OpDefinition* op : ops::all_ops()) all.push_back({device, op->name});
  }
  return all;
}

class Conformance : public ::testing::TestWithParam<DeviceAndOp> {};
INSTANTIATE_TEST_SUITE_P(, Conformance, ::testing::ValuesIn(every_device_and_op()),
                         [](const auto& info) {
                           return info.param.device + "_" + std::string(info.param.op);
                         });

TEST_P(Conformance, comes_close_to_the_reference) {
  const std::vector<ConformanceCase> cases = cases_of(GetParam().op);
  ASSERT_FALSE(cases.empty()) << GetParam().op << " has no conformance cases.";
  std::vector<std::string> missing;
  for (const ConformanceCase& one : cases) {
    SCOPED_TRACE(one.name);
    auto device = open_device(GetParam().device, checked_options());
    if (!device) GTEST_SKIP() << device.error().message();
    auto run = CaseRun::create(one, *std::move(device));
    if (!run) {
      ASSERT_EQ(run.error().code(), ErrorCode::unsupported) << run.error().message();
      missing.push_back(one.name);
      continue;
    }
    expect_like_reference(one, run->run(one.sequences));
  }
  if (!missing.empty()) {
    GTEST_SKIP() << GetParam().device << " has no kernel for "
                 << fmt::format("{}", fmt::join(missing, ", "));
  }
}

}  // namespace
}  // namespace driftwood::device::testing
