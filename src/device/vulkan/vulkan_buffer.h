// Buffers of the Vulkan device: of its own memory, or over memory of the host in place.
#pragma once

#include <memory>
#include <span>

#include "core/error.h"
#include "device/buffer.h"
#include "device/vulkan/heap.h"
#include "memory/window.h"

namespace driftwood::device::vulkan {

class VulkanBuffer : public Buffer {
 public:
  // As copies and as kernels name its first byte.
  VkBuffer handle() const { return handle_; }
  std::uint64_t handle_offset_bytes() const { return handle_offset_bytes_; }
  Address address() const { return address_; }

 protected:
  VulkanBuffer(std::uint64_t size_bytes, memory::Access access, std::byte* contents,
               VkBuffer handle, std::uint64_t handle_offset_bytes, Address address)
      : Buffer(size_bytes, access, contents),
        handle_(handle),
        handle_offset_bytes_(handle_offset_bytes),
        address_(address) {}

 private:
  VkBuffer handle_;
  std::uint64_t handle_offset_bytes_;
  Address address_;
};

// Every buffer of a Vulkan device is one.
inline const VulkanBuffer& vulkan_buffer(const Buffer& buffer) {
  return static_cast<const VulkanBuffer&>(buffer);
}

inline Address address_of(const BufferPlace& place) {
  return vulkan_buffer(*place.buffer).address() + place.offset_bytes;
}

// Any bytes. Errors: out_of_memory.
Result<std::unique_ptr<VulkanBuffer>> allocate_buffer(Heap& heap, std::uint64_t size_bytes);

// Pages of the host as the GPU addresses them, without a copy. The bytes outlive it.
class ImportedMemory {
 public:
  // Errors: unsupported, with the rule that is broken: the alignment of the range, a size over what
  // one buffer may have, or memory that the driver refuses.
  static Result<std::unique_ptr<ImportedMemory>> create(const Gpu& gpu,
                                                        std::span<const std::byte> pages);
  ~ImportedMemory();
  ImportedMemory(const ImportedMemory&) = delete;
  ImportedMemory& operator=(const ImportedMemory&) = delete;

  VkBuffer buffer() const { return buffer_; }
  Address address() const { return address_; }

 private:
  explicit ImportedMemory(const Gpu& gpu) : gpu_(gpu) {}
  Result<void> import(std::span<const std::byte> pages);

  const Gpu& gpu_;
  VkBuffer buffer_ = VK_NULL_HANDLE;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
  Address address_ = 0;
};

// A buffer over a share window; holds the import until the GPU's mapping of it is gone.
// Errors: as ImportedMemory.
Result<std::unique_ptr<VulkanBuffer>> import_window(const Gpu& gpu, memory::Import window);

}  // namespace driftwood::device::vulkan
