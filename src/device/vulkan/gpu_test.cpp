#include "device/vulkan/gpu.h"

#include <gtest/gtest.h>

#include "device/test_support.h"
#include "device/vulkan/test_driver.h"

namespace driftwood::device::vulkan {
namespace {

using device::testing::must;
using testing::Driver;

TEST(Gpu, a_number_that_there_is_not_is_refused_with_how_many_there_are) {
  Driver driver;
  auto instance = Instance::create(driver.options());
  if (!instance) GTEST_SKIP() << instance.error().message();
  const std::size_t count = must((*instance)->physical_devices()).size();
  if (count == 0) GTEST_SKIP() << "There is no driver.";
  const auto refused = Gpu::open(*std::move(instance), count);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::not_found);
  EXPECT_EQ(refused.error().message(), fmt::format("There is no Vulkan device {}; there are {}, "
                                                   "from 0 on.",
                                                   count, count));
}

TEST(Gpu, one_piece_of_memory_is_no_larger_than_its_heap) {
  Driver driver;
  const auto gpu = testing::open_gpu(driver);
  if (gpu == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  for (std::uint32_t type = 0; type < gpu->memory().memoryTypeCount; ++type) {
    const std::uint32_t heap = gpu->memory().memoryTypes[type].heapIndex;
    EXPECT_GT(gpu->most_bytes(type), 0u);
    EXPECT_LE(gpu->most_bytes(type), gpu->memory().memoryHeaps[heap].size);
    EXPECT_LE(gpu->most_bytes(type), gpu->physical().most_memory_bytes);
  }
}

TEST(Gpu, whose_memory_the_host_has_depends_on_its_kind) {
  using Kind = VkPhysicalDeviceType;
  const std::pair<Kind, bool> kinds[] = {{VK_PHYSICAL_DEVICE_TYPE_CPU, true},
                                         {VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU, true},
                                         {VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU, false},
                                         {VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, false}};
  for (const auto& [kind, shares] : kinds) {
    Driver driver;
    driver.change_properties = [kind = kind](VkPhysicalDeviceProperties2& properties) {
      properties.properties.deviceType = kind;
    };
    const auto gpu = testing::open_gpu(driver);
    if (gpu == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
    EXPECT_EQ(gpu->shares_host_memory(), shares) << kind;
  }
}

TEST(Gpu, its_identity_names_the_kind_of_gpu_and_the_driver) {
  Driver driver;
  driver.change_properties = [](VkPhysicalDeviceProperties2& properties) {
    properties.properties.vendorID = 0x10de;
    properties.properties.deviceID = 0x2335;
    properties.properties.driverVersion = 0x8ea40180;
  };
  const auto gpu = testing::open_gpu(driver);
  if (gpu == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  EXPECT_EQ(gpu->identity(), "10de.2335.8ea40180");
}

}  // namespace
}  // namespace driftwood::device::vulkan
