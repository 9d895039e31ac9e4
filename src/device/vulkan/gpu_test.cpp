#include "device/vulkan/gpu.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(Gpu, its_identity_tells_kinds_of_gpus_and_drivers_apart) {
  const auto identity = [](std::uint32_t vendor, std::uint32_t device, std::uint32_t version,
                           const char* info) {
    Driver driver;
    driver.change_properties = [&](VkPhysicalDeviceProperties2& properties) {
      properties.properties.vendorID = vendor;
      properties.properties.deviceID = device;
      properties.properties.driverVersion = version;
      auto* const text = static_cast<VkPhysicalDeviceDriverProperties*>(properties.pNext);
      std::ranges::copy(std::string_view(info), text->driverInfo);
    };
    const auto gpu = testing::open_gpu(driver);
    return gpu == nullptr ? "" : gpu->identity();
  };
  const std::string one = identity(0x10de, 0x2335, 0x8ea40180, "570");
  if (one.empty()) GTEST_SKIP() << "There is no Vulkan device.";
  EXPECT_TRUE(one.starts_with("10de.2335.8ea40180")) << one;
  EXPECT_EQ(identity(0x10de, 0x2335, 0x8ea40180, "570"), one);
  EXPECT_NE(identity(0x1002, 0x2335, 0x8ea40180, "570"), one);
  EXPECT_NE(identity(0x10de, 0x2336, 0x8ea40180, "570"), one);
  EXPECT_NE(identity(0x10de, 0x2335, 0x8ea40181, "570"), one);
  EXPECT_NE(identity(0x10de, 0x2335, 0x8ea40180, "571"), one);
}

}  // namespace
}  // namespace driftwood::device::vulkan
