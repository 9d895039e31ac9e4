// The GPU's queue: command buffers go in, each is numbered, and what is numbered can be waited for.
#pragma once

#include <cstdint>
#include <memory>

#include "core/error.h"
#include "device/vulkan/gpu.h"

namespace driftwood::device::vulkan {

// Numbers what was submitted to a queue, ascending.
enum class Ticket : std::uint64_t {};

class Queue {
 public:
  static Result<std::unique_ptr<Queue>> create(const Gpu& gpu);
  ~Queue();  // waits until the GPU is idle
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // A command buffer that may be recorded again and again. Whoever has it gives it back by
  // free_commands(), when no work of it is under way.
  Result<VkCommandBuffer> allocate_commands();
  void free_commands(VkCommandBuffer commands);

  Result<Ticket> submit(VkCommandBuffer commands);

  // Errors: timeout; device_lost.
  Result<void> wait(Ticket ticket, std::uint64_t timeout_ns);

  // Whether its work is done. Errors: device_lost.
  Result<bool> is_done(Ticket ticket);

 private:
  explicit Queue(const Gpu& gpu) : gpu_(gpu) {}

  const Gpu& gpu_;
  VkSemaphore timeline_ = VK_NULL_HANDLE;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  std::uint64_t last_ = 0;
};

}  // namespace driftwood::device::vulkan
