// One GPU: its logical device and queue. All else of this backend refers to it and goes before it.
//
// Threads: one at a time, as the device that owns it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/error.h"
#include "device/vulkan/instance.h"

namespace driftwood::device::vulkan {

class Gpu {
 public:
  // The device number `index` in the order of Instance::physical_devices(). Errors: not_found for
  // one that is not there; unsupported, with what it lacks.
  static Result<std::unique_ptr<Gpu>> open(std::unique_ptr<Instance> instance, std::size_t index);
  ~Gpu();
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  const Functions& vk() const { return instance_->vk(); }
  VkDevice device() const { return device_; }
  VkQueue queue() const { return queue_; }
  const PhysicalDevice& physical() const { return physical_; }
  const VkPhysicalDeviceMemoryProperties& memory() const { return memory_; }

  // Whether it computes in the host's memory, so that both reach all of it at full speed.
  bool shares_host_memory() const;

  // Bytes that one piece of memory of this type may have.
  std::uint64_t most_bytes(std::uint32_t memory_type) const;

  // Nanoseconds that one step of its timestamps takes; 0: it has none.
  double timestamp_ns() const;

  // What equal bits may be expected of: the kind of GPU and its driver.
  std::string identity() const;

 private:
  Gpu(std::unique_ptr<Instance> instance, PhysicalDevice physical)
      : instance_(std::move(instance)), physical_(std::move(physical)) {}
  Result<void> create_device();

  std::unique_ptr<Instance> instance_;
  PhysicalDevice physical_;
  VkPhysicalDeviceMemoryProperties memory_ = {};
  VkDevice device_ = VK_NULL_HANDLE;
  VkQueue queue_ = VK_NULL_HANDLE;
};

}  // namespace driftwood::device::vulkan
