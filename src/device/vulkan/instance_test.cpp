#include "device/vulkan/instance.h"

#include <gtest/gtest.h>

#include "device/test_support.h"
#include "device/vulkan/shader.h"
#include "device/vulkan/test_driver.h"

namespace driftwood::device::vulkan {
namespace {

using device::testing::must;
using testing::Driver;

class InstanceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto instance = Instance::create(driver_.options());
    if (!instance) GTEST_SKIP() << instance.error().message();
    instance_ = *std::move(instance);
    if (must(instance_->physical_devices()).empty()) GTEST_SKIP() << "There is no driver.";
  }

  // What the first device lacks, as it is now.
  std::string missing() { return must(instance_->physical_devices()).front().missing; }

  void set_features(std::function<void(VkPhysicalDeviceFeatures&, VkPhysicalDeviceVulkan11Features&,
                                       VkPhysicalDeviceVulkan12Features&)>
                        change) {
    driver_.change_features = [change](VkPhysicalDeviceFeatures2& features) {
      auto* const v11 = static_cast<VkPhysicalDeviceVulkan11Features*>(features.pNext);
      change(features.features, *v11, *static_cast<VkPhysicalDeviceVulkan12Features*>(v11->pNext));
    };
  }

  Driver driver_;
  std::unique_ptr<Instance> instance_;
};

TEST_F(InstanceTest, tells_what_a_device_is) {
  for (const PhysicalDevice& device : must(instance_->physical_devices())) {
    EXPECT_FALSE(device.driver.empty());
    EXPECT_GE(device.import_alignment, 1u);
    EXPECT_GE(device.most_memory_bytes, std::uint64_t{1} << 30) << "what Vulkan guarantees";
  }
}

TEST_F(InstanceTest, a_feature_that_a_device_lacks_is_named) {
  using Core = VkPhysicalDeviceFeatures;
  using V11 = VkPhysicalDeviceVulkan11Features;
  using V12 = VkPhysicalDeviceVulkan12Features;
  const std::pair<std::string, std::function<void(Core&, V11&, V12&)>> features[] = {
      {"shaderInt64", [](Core& core, V11&, V12&) { core.shaderInt64 = VK_FALSE; }},
      {"shaderInt16", [](Core& core, V11&, V12&) { core.shaderInt16 = VK_FALSE; }},
      {"storageBuffer16BitAccess",
       [](Core&, V11& v11, V12&) { v11.storageBuffer16BitAccess = VK_FALSE; }},
      {"storageBuffer8BitAccess",
       [](Core&, V11&, V12& v12) { v12.storageBuffer8BitAccess = VK_FALSE; }},
      {"shaderInt8", [](Core&, V11&, V12& v12) { v12.shaderInt8 = VK_FALSE; }},
      {"bufferDeviceAddress", [](Core&, V11&, V12& v12) { v12.bufferDeviceAddress = VK_FALSE; }},
      {"timelineSemaphore", [](Core&, V11&, V12& v12) { v12.timelineSemaphore = VK_FALSE; }},
  };
  for (const auto& [name, take_away] : features) {
    set_features(take_away);
    EXPECT_EQ(missing(), "It lacks the feature " + name + ".");
  }
  driver_.change_features = {};
  EXPECT_EQ(missing(), "");
}

TEST_F(InstanceTest, limits_below_what_kernels_take_are_named_with_both_numbers) {
  const std::pair<std::string, std::function<void(VkPhysicalDeviceLimits&)>> limits[] = {
      {"Its workgroups have 128 threads at most, and 256 are needed.",
       [](auto& most) { most.maxComputeWorkGroupInvocations = 128; }},
      {"Its workgroups have 64 threads in a line at most, and 256 are needed.",
       [](auto& most) { most.maxComputeWorkGroupSize[0] = 64; }},
      {"Its workgroups have 16384 bytes of shared memory at most, and 32768 are needed.",
       [](auto& most) { most.maxComputeSharedMemorySize = 16384; }},
  };
  for (const auto& [text, lower] : limits) {
    driver_.change_properties = [&](VkPhysicalDeviceProperties2& properties) {
      lower(properties.properties.limits);
    };
    EXPECT_EQ(missing(), text);
  }
}

TEST_F(InstanceTest, a_device_of_an_older_vulkan_is_told_so) {
  driver_.change_properties = [](VkPhysicalDeviceProperties2& properties) {
    properties.properties.apiVersion = VK_API_VERSION_1_1;
  };
  EXPECT_EQ(missing(), "It speaks Vulkan 1.1, and 1.2 is needed.");
}

TEST_F(InstanceTest, a_device_that_lacks_something_is_not_opened) {
  set_features([](auto& core, auto&, auto&) { core.shaderInt64 = VK_FALSE; });
  const auto refused = Gpu::open(std::move(instance_), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_NE(refused.error().message().find("It lacks the feature shaderInt64."), std::string::npos)
      << refused.error().message();
}

TEST_F(InstanceTest, a_function_that_the_driver_does_not_have_is_named) {
  InstanceOptions options;
  // As if the driver had not heard of it: what stands for it gives no address for this name.
  static PFN_vkGetDeviceProcAddr get_address = nullptr;
  options.alter = [](Functions& functions) {
    if (functions.GetDeviceProcAddr == nullptr || get_address != nullptr) return;
    get_address = functions.GetDeviceProcAddr;
    functions.GetDeviceProcAddr = [](VkDevice device, const char* name) -> PFN_vkVoidFunction {
      return std::string_view(name) == "vkQueueSubmit" ? nullptr : get_address(device, name);
    };
  };
  const auto refused = Gpu::open(must(Instance::create(options)), 0);
  get_address = nullptr;
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_EQ(refused.error().message(), "The Vulkan driver has no vkQueueSubmit.");
}

}  // namespace
}  // namespace driftwood::device::vulkan
