// Buffers of devices that compute in the process's own memory.
#pragma once

#include <cstdint>
#include <memory>

#include "core/error.h"
#include "device/buffer.h"
#include "memory/window.h"

namespace driftwood::device {

// A buffer over a share window: contents() is the address inside the region. Holds the import.
std::unique_ptr<Buffer> wrap_import(memory::Import window);

// Zero-filled read-write memory that starts on a page. Errors: out_of_memory.
Result<std::unique_ptr<Buffer>> allocate_host(std::uint64_t size_bytes);

// The same with any bytes: for memory that is written before it is read. A page takes memory only
// when it is touched. Errors: out_of_memory.
Result<std::unique_ptr<Buffer>> allocate_host_unfilled(std::uint64_t size_bytes);

}  // namespace driftwood::device
