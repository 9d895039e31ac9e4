// The device that computes with Vulkan, on any GPU whose driver has version 1.2 of it: in place
// over windows of guests, with weights and states in the GPU's memory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "device/device.h"
#include "device/registry.h"
#include "device/vulkan/instance.h"

namespace driftwood::device::vulkan {

struct VulkanOptions {
  std::size_t index = 0;     // of list_gpus()
  std::string cache_folder;  // for compiled kernels (pipelines.h); empty: none
  InstanceOptions instance = {};
  UploadProgress on_upload = {};  // of weights
};

// What a GPU is, for people, and what it lacks; empty if it is usable.
struct GpuDescription {
  std::string name, driver, missing;
  bool is_software;  // the processor in a GPU's place
};

// All GPUs, best first. Errors: unsupported when there is no Vulkan, with what to install.
Result<std::vector<GpuDescription>> list_gpus();

// Errors: unsupported, with what is missing; not_found for an index that is not there.
Result<std::unique_ptr<Device>> open_vulkan_device(const VulkanOptions& options);

}  // namespace driftwood::device::vulkan
