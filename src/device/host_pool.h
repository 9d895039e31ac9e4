// Keeps memory of buffers that went for later ones of the same size. Touching memory that the
// process got anew costs the system some 3 us for each page, more than ten times what filling it
// costs; a thaw of a few blocks would consist of nothing else.
//
// Lifetime: the pool lives as long as its creator or any of its buffers.
// Threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/error.h"
#include "device/buffer.h"
#include "device/host_buffer.h"

namespace driftwood::device {

class HostPool : public std::enable_shared_from_this<HostPool> {
 public:
  static constexpr std::uint64_t kMostKeptBytes = std::uint64_t{64} << 20;
  // Of buffers; smaller ones are kept by the allocator itself.
  static constexpr std::uint64_t kLeastKeptBytes = std::uint64_t{64} << 10;

  static std::shared_ptr<HostPool> create();

  // As allocate_host(). With Filling::any the bytes may be those of an earlier buffer.
  // Errors: out_of_memory.
  Result<std::unique_ptr<Buffer>> allocate(std::uint64_t size_bytes, Filling filling);

  std::uint64_t kept_bytes() const;

 private:
  class PooledBuffer;
  struct Kept {
    HostMemory memory;
    std::uint64_t size_bytes;
  };

  HostPool();
  // Gives up what has been kept longest where there would be more than kMostKeptBytes.
  void keep(HostMemory memory, std::uint64_t size_bytes);
  HostMemory take(std::uint64_t size_bytes);  // null if none of this size is kept

  mutable std::mutex mutex_;
  std::vector<Kept> kept_;  // oldest first
  std::uint64_t kept_bytes_ = 0;
};

}  // namespace driftwood::device
