// Buffers of devices that compute in the process's own memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "core/error.h"
#include "device/buffer.h"
#include "memory/window.h"

namespace driftwood::device {

// A buffer over a share window: contents() is the address inside the region. Holds the import.
std::unique_ptr<Buffer> wrap_import(memory::Import window);

// Memory with any bytes. It starts on a page, which takes memory only when it is touched; what is
// smaller than one starts on a cache line, since thousands of small blocks would take a page each.
struct HostMemoryDelete {
  void operator()(std::byte* bytes) const;

  std::align_val_t alignment = {};
};
using HostMemory = std::unique_ptr<std::byte, HostMemoryDelete>;

// Errors: out_of_memory.
Result<HostMemory> allocate_host_memory(std::uint64_t size_bytes);

// Read-write memory, aligned likewise; unless it is filled, its bytes are any. Errors:
// out_of_memory.
Result<std::unique_ptr<Buffer>> allocate_host(std::uint64_t size_bytes, Filling filling);

// Device::copy() where the host can reach both buffers.
void copy_host(const BufferPlace& from, const BufferPlace& to, std::uint64_t size_bytes);

}  // namespace driftwood::device
