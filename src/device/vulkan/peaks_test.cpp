#include "device/vulkan/peaks.h"

#include <gtest/gtest.h>

#include "device/test_support.h"
#include "device/vulkan/test_driver.h"
#include "device/vulkan/vulkan_device.h"

namespace driftwood::device::vulkan {
namespace {

using device::testing::must;
using testing::Driver;

TEST(VulkanPeaks, are_numbers_that_a_machine_may_have) {
  Driver driver;
  auto opened = open_vulkan_device({.instance = driver.options()});
  if (!opened) GTEST_SKIP() << opened.error().message();
  const auto device = *std::move(opened);
  const auto buffer = must(device->allocate(std::uint64_t{16} << 20));
  const ReadPeak read = must(device->measure_read(*buffer));
  EXPECT_GT(read.bytes_per_second, 1e8);
  EXPECT_LT(read.bytes_per_second, 1e14);
  EXPECT_EQ(read.streams, 1u);
  const double operations = must(device->measure_arithmetic());
  EXPECT_GT(operations, 1e8);
  EXPECT_LT(operations, 1e16);
}

TEST(VulkanPeaks, a_buffer_of_a_byte_is_read_too) {
  Driver driver;
  auto opened = open_vulkan_device({.instance = driver.options()});
  if (!opened) GTEST_SKIP() << opened.error().message();
  const auto buffer = must((*opened)->allocate(1));
  EXPECT_GT(must((*opened)->measure_read(*buffer)).bytes_per_second, 0);
}

TEST(VulkanPeaks, are_refused_where_the_queue_has_no_clock) {
  Driver driver;
  driver.change_families = [](VkQueueFamilyProperties& family) { family.timestampValidBits = 0; };
  auto opened = open_vulkan_device({.instance = driver.options()});
  if (!opened) GTEST_SKIP() << opened.error().message();
  const auto refused = (*opened)->measure_arithmetic();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace driftwood::device::vulkan
