// The functions of Vulkan that this backend calls, by name, loaded at run time.
#pragma once

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

namespace driftwood::device::vulkan {

// Found without an instance, with one, and with a device.
#define VULKAN_GLOBAL_FUNCTIONS(X) \
  X(EnumerateInstanceVersion)      \
  X(CreateInstance)

#define VULKAN_INSTANCE_FUNCTIONS(X)        \
  X(DestroyInstance)                        \
  X(EnumeratePhysicalDevices)               \
  X(GetPhysicalDeviceProperties2)           \
  X(GetPhysicalDeviceFeatures2)             \
  X(GetPhysicalDeviceMemoryProperties)      \
  X(GetPhysicalDeviceQueueFamilyProperties) \
  X(EnumerateDeviceExtensionProperties)     \
  X(CreateDevice)                           \
  X(GetDeviceProcAddr)

#define VULKAN_DEBUG_FUNCTIONS(X) \
  X(CreateDebugUtilsMessengerEXT) \
  X(DestroyDebugUtilsMessengerEXT)

#define VULKAN_DEVICE_FUNCTIONS(X)     \
  X(DestroyDevice)                     \
  X(DeviceWaitIdle)                    \
  X(GetDeviceQueue)                    \
  X(CreateBuffer)                      \
  X(DestroyBuffer)                     \
  X(GetBufferMemoryRequirements)       \
  X(AllocateMemory)                    \
  X(FreeMemory)                        \
  X(BindBufferMemory)                  \
  X(MapMemory)                         \
  X(GetBufferDeviceAddress)            \
  X(GetMemoryHostPointerPropertiesEXT) \
  X(CreateSemaphore)                   \
  X(DestroySemaphore)                  \
  X(GetSemaphoreCounterValue)          \
  X(WaitSemaphores)                    \
  X(QueueSubmit)                       \
  X(CreateCommandPool)                 \
  X(DestroyCommandPool)                \
  X(AllocateCommandBuffers)            \
  X(FreeCommandBuffers)                \
  X(BeginCommandBuffer)                \
  X(EndCommandBuffer)                  \
  X(CmdPipelineBarrier)                \
  X(CmdBindPipeline)                   \
  X(CmdPushConstants)                  \
  X(CmdDispatchIndirect)               \
  X(CmdCopyBuffer)                     \
  X(CmdFillBuffer)                     \
  X(CmdResetQueryPool)                 \
  X(CmdWriteTimestamp)                 \
  X(CreateQueryPool)                   \
  X(DestroyQueryPool)                  \
  X(GetQueryPoolResults)               \
  X(CreatePipelineLayout)              \
  X(DestroyPipelineLayout)             \
  X(CreatePipelineCache)               \
  X(DestroyPipelineCache)              \
  X(GetPipelineCacheData)              \
  X(CreateShaderModule)                \
  X(DestroyShaderModule)               \
  X(CreateComputePipelines)            \
  X(DestroyPipeline)

struct Functions {
#define VULKAN_MEMBER(name) PFN_vk##name name = nullptr;
  VULKAN_MEMBER(GetInstanceProcAddr)
  VULKAN_GLOBAL_FUNCTIONS(VULKAN_MEMBER)
  VULKAN_INSTANCE_FUNCTIONS(VULKAN_MEMBER)
  VULKAN_DEBUG_FUNCTIONS(VULKAN_MEMBER)
  VULKAN_DEVICE_FUNCTIONS(VULKAN_MEMBER)
#undef VULKAN_MEMBER
};

}  // namespace driftwood::device::vulkan
