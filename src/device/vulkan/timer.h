// The GPU's own clock around some commands.
#pragma once

#include <cstdint>
#include <memory>

#include "core/error.h"
#include "device/vulkan/gpu.h"

namespace driftwood::device::vulkan {

class Timer {
 public:
  // Errors: unsupported where the queue has no timestamps.
  static Result<std::unique_ptr<Timer>> create(const Gpu& gpu);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Around the commands that are measured, in a command buffer that begins with begin().
  void begin(VkCommandBuffer commands) const;
  void end(VkCommandBuffer commands) const;

  // After the commands are done.
  Result<std::uint64_t> duration_ns() const;

 private:
  explicit Timer(const Gpu& gpu) : gpu_(gpu) {}

  const Gpu& gpu_;
  VkQueryPool pool_ = VK_NULL_HANDLE;
};

}  // namespace driftwood::device::vulkan
