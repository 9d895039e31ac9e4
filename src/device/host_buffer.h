// Buffers of devices that compute in the process's own memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/error.h"
#include "device/buffer.h"
#include "memory/window.h"

namespace driftwood::device {

// A buffer over a share window: contents() is the address inside the region. Holds the import.
std::unique_ptr<Buffer> wrap_import(memory::Import window);

// Memory that starts on a page, with any bytes. A page takes memory only when it is touched.
struct HostMemoryDelete {
  void operator()(std::byte* bytes) const;
};
using HostMemory = std::unique_ptr<std::byte, HostMemoryDelete>;

// Errors: out_of_memory.
Result<HostMemory> allocate_host_memory(std::uint64_t size_bytes);

// Read-write memory that starts on a page. Unless it is filled, a page takes memory only when it is
// touched. Errors: out_of_memory.
Result<std::unique_ptr<Buffer>> allocate_host(std::uint64_t size_bytes, Filling filling);

// Device::copy() where the host can reach both buffers.
void copy_host(const BufferPlace& from, const BufferPlace& to, std::uint64_t size_bytes);

}  // namespace driftwood::device
