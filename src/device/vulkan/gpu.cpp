#include "device/vulkan/gpu.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/checksum.h"
#include "device/vulkan/outcome.h"

namespace driftwood::device::vulkan {

Result<std::unique_ptr<Gpu>> Gpu::open(std::unique_ptr<Instance> instance, std::size_t index) {
  DW_TRY_ASSIGN(auto devices, instance->physical_devices());
  if (devices.empty()) {
    return fail(ErrorCode::unsupported,
                "The Vulkan loader finds no driver. Install one (Debian: mesa-vulkan-drivers, or "
                "the GPU vendor's).");
  }
  if (index >= devices.size()) {
    return fail(ErrorCode::not_found, "There is no Vulkan device {}; there are {}, from 0 on.",
                index, devices.size());
  }
  PhysicalDevice& chosen = devices[index];
  if (!chosen.missing.empty()) {
    return fail(ErrorCode::unsupported, "Vulkan device {} ({}) cannot be used: {}", index,
                chosen.properties.deviceName, chosen.missing);
  }
  std::unique_ptr<Gpu> gpu(new Gpu(std::move(instance), std::move(chosen)));
  DW_TRY(gpu->create_device());
  return gpu;
}

Result<void> Gpu::create_device() {
  vk().GetPhysicalDeviceMemoryProperties(physical_.handle, &memory_);
  const float priority = 1;
  const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                         .queueFamilyIndex = physical_.queue_family,
                                         .queueCount = 1,
                                         .pQueuePriorities = &priority};
  VkPhysicalDeviceVulkan12Features v12 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
      .storageBuffer8BitAccess = VK_TRUE,
      .shaderInt8 = VK_TRUE,
      .timelineSemaphore = VK_TRUE,
      .bufferDeviceAddress = VK_TRUE};
  VkPhysicalDeviceVulkan11Features v11 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
      .pNext = &v12,
      .storageBuffer16BitAccess = VK_TRUE};
  const VkPhysicalDeviceFeatures2 features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
      .pNext = &v11,
      .features = {.shaderInt64 = VK_TRUE, .shaderInt16 = VK_TRUE}};
  const char* const extension = VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
  const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                   .pNext = &features,
                                   .queueCreateInfoCount = 1,
                                   .pQueueCreateInfos = &queue,
                                   .enabledExtensionCount = 1,
                                   .ppEnabledExtensionNames = &extension};
  DW_TRY(check_made(vk().CreateDevice(physical_.handle, &info, nullptr, &device_), "vkCreateDevice",
                    device_));
  DW_TRY(instance_->load_device_functions(device_));
  vk().GetDeviceQueue(device_, physical_.queue_family, 0, &queue_);
  return {};
}

Gpu::~Gpu() {
  if (device_ != VK_NULL_HANDLE && vk().DestroyDevice != nullptr) {
    vk().DestroyDevice(device_, nullptr);
  }
}

bool Gpu::shares_host_memory() const {
  const VkPhysicalDeviceType type = physical_.properties.deviceType;
  return type == VK_PHYSICAL_DEVICE_TYPE_CPU || type == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
}

std::uint64_t Gpu::most_bytes(std::uint32_t memory_type) const {
  const VkMemoryHeap& heap = memory_.memoryHeaps[memory_.memoryTypes[memory_type].heapIndex];
  return std::min<std::uint64_t>(heap.size, physical_.most_memory_bytes);
}

double Gpu::timestamp_ns() const {
  return physical_.timestamp_bits == 0 ? 0 : physical_.properties.limits.timestampPeriod;
}

std::string Gpu::identity() const {
  // Mesa's numbers do not say which Mesa it is; its text does.
  const std::uint64_t driver = xxh3(std::as_bytes(std::span(physical_.driver)));
  return fmt::format("{:x}.{:x}.{:x}.{:016x}", physical_.properties.vendorID,
                     physical_.properties.deviceID, physical_.properties.driverVersion, driver);
}

}  // namespace driftwood::device::vulkan
