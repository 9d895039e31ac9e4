// Memory that a device can address: a share window imported in place, or memory of the device's
// own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memory/window.h"

namespace driftwood::device {

// Lifetime: destroy a buffer only when no run that uses it is in flight; an imported one then lets
// go of its region.
class Buffer {
 public:
  virtual ~Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::uint64_t size_bytes() const { return size_bytes_; }
  memory::Access access() const { return access_; }

  // Where the host reaches the same bytes, or null if it cannot. For an imported window this is the
  // address inside the region.
  std::byte* contents() const { return contents_; }

 protected:
  Buffer(std::uint64_t size_bytes, memory::Access access, std::byte* contents)
      : size_bytes_(size_bytes), access_(access), contents_(contents) {}

 private:
  std::uint64_t size_bytes_;
  memory::Access access_;
  std::byte* contents_;
};

// What the bytes of new memory are.
enum class Filling {
  zeros,
  any,  // for memory that is written before it is read
};

// A place in a buffer. The buffer outlives it.
struct BufferPlace {
  Buffer* buffer = nullptr;
  std::uint64_t offset_bytes = 0;
};

}  // namespace driftwood::device
