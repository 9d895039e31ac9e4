// For tests: the first GPU with a heap and a queue, taken as it is or, with the parameter true, as
// one that has memory of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "device/test_support.h"
#include "device/vulkan/heap.h"
#include "device/vulkan/queue.h"
#include "device/vulkan/test_driver.h"

namespace driftwood::device::vulkan::testing {

class WorkingGpu : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) driver_.pretend_discrete();
    gpu_ = open_gpu(driver_);
    if (gpu_ == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
    heap_ = std::make_unique<Heap>(*gpu_);
    queue_ = device::testing::must(Queue::create(*gpu_));
  }

  Driver driver_;
  std::unique_ptr<Gpu> gpu_;
  std::unique_ptr<Heap> heap_;
  std::unique_ptr<Queue> queue_;
};

}  // namespace driftwood::device::vulkan::testing
