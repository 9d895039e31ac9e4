// The Vulkan loader and an instance: which GPUs there are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "device/vulkan/functions.h"
#include "os/library.h"

namespace driftwood::device::vulkan {

struct InstanceOptions {
  // Have Khronos's validation layer check every call; what it says is logged as an error and
  // counted.
  bool validate = false;
  // Changes the functions after they were loaded, so that tests can make calls fail.
  std::function<void(Functions&)> alter = {};
};

// A physical device, and whether this backend can use it.
struct PhysicalDevice {
  VkPhysicalDevice handle;
  VkPhysicalDeviceProperties properties;
  std::string driver;            // "NVIDIA 570.86.15", "llvmpipe Mesa 22.3.6 (LLVM 15.0.6)"
  std::uint32_t queue_family;    // that computes
  std::uint32_t timestamp_bits;  // of that queue; 0: it has no timestamps
  std::uint64_t import_alignment;
  std::uint64_t most_memory_bytes;  // of one piece
  std::string missing;              // what it lacks, for people; empty if it is usable
};

class Instance {
 public:
  // Errors: unsupported when there is no Vulkan loader, no driver or no validation layer, with what
  // to install.
  static Result<std::unique_ptr<Instance>> create(const InstanceOptions& options);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Those of an instance; those of a device are null until load_device_functions().
  const Functions& vk() const { return vk_; }

  // All physical devices: discrete ones first, then integrated, virtual and software. Errors: those
  // of the driver.
  Result<std::vector<PhysicalDevice>> physical_devices() const;

  // Errors: unsupported, with the name of a function that is missing.
  Result<void> load_device_functions(VkDevice device);

  // What the validation layer had to say so far, in all of the process.
  static std::uint64_t validation_message_count();

 private:
  explicit Instance(os::Library library) : library_(std::move(library)) {}
  Result<void> create_instance();
  Result<void> create_messenger();
  Result<PhysicalDevice> describe(VkPhysicalDevice handle) const;

  os::Library library_;
  InstanceOptions options_;
  Functions vk_;
  VkInstance instance_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
};

}  // namespace driftwood::device::vulkan
