// The GPU's queue: command buffers go in, each is numbered, and what is numbered can be waited for.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

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

  // Errors: timeout, the work going on; device_lost; out_of_memory, nothing being under way then.
  Result<void> wait(Ticket ticket, std::uint64_t timeout_ns);

  // Waits for work of the device's own, such as a copy, which takes no minute. Errors: device_lost,
  // also when it takes longer; out_of_memory, nothing being under way then.
  Result<void> finish(Ticket ticket, std::string_view what);

  // Waits for all that was submitted. Errors: device_lost, also where the driver cannot tell.
  Result<void> wait_idle();

  // Whether its work is done. Errors: device_lost.
  Result<bool> is_done(Ticket ticket);

 private:
  explicit Queue(const Gpu& gpu) : gpu_(gpu) {}
  Result<void> try_wait(Ticket ticket, std::uint64_t timeout_ns);

  const Gpu& gpu_;
  VkSemaphore timeline_ = VK_NULL_HANDLE;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  std::uint64_t last_ = 0;
};

}  // namespace driftwood::device::vulkan
