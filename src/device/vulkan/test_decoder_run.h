// For tests: a small decoder on the first GPU, which is taken as it is or, with the parameter true,
// as one that has memory of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "device/test_case_run.h"
#include "device/test_decoder.h"
#include "device/vulkan/test_driver.h"
#include "device/vulkan/vulkan_device.h"

namespace driftwood::device::vulkan::testing {

class DecoderRun : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) driver_.pretend_discrete();
    auto device = open_vulkan_device({.instance = driver_.options()});
    if (!device) GTEST_SKIP() << device.error().message();
    run_.emplace(device::testing::must(device::testing::CaseRun::create(one_, *std::move(device))));
  }

  Driver driver_;
  const device::testing::ConformanceCase one_ = device::testing::make_decoder(tensor::DType::bf16);
  const std::shared_ptr<const graph::Program> program_ = device::testing::decode(one_.program);
  std::optional<device::testing::CaseRun> run_;
};

}  // namespace driftwood::device::vulkan::testing
