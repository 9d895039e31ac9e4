// Copies: within the GPU's memory, and across to and from the host where it cannot reach it.
//
// Every call is finished on return.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/error.h"
#include "device/vulkan/heap.h"
#include "device/vulkan/queue.h"
#include "device/vulkan/vulkan_buffer.h"

namespace driftwood::device::vulkan {

class Transfer {
 public:
  static Result<std::unique_ptr<Transfer>> create(const Gpu& gpu, Queue& queue, Heap& heap);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Preconditions: ranges lie inside their buffers. Errors: out_of_memory; device_lost.
  Result<void> copy(const BufferPlace& from, const BufferPlace& to, std::uint64_t size_bytes);
  Result<void> clear(const VulkanBuffer& buffer);
  Result<void> upload(const VulkanBuffer& to, std::uint64_t offset_bytes,
                      std::span<const std::byte> from);
  Result<void> download(const VulkanBuffer& from, std::uint64_t offset_bytes,
                        std::span<std::byte> to);

 private:
  Transfer(const Gpu& gpu, Queue& queue, Heap& heap) : gpu_(gpu), queue_(queue), heap_(heap) {}
  Result<void> make_staging();
  Result<void> begin();
  // Ends the commands, has them done and waits for them.
  Result<void> finish();

  const Gpu& gpu_;
  Queue& queue_;
  Heap& heap_;
  VkCommandBuffer commands_ = VK_NULL_HANDLE;
  Heap::Piece staging_;  // made when it is first needed
};

}  // namespace driftwood::device::vulkan
