// What a native guest has instead of a linear memory: a region that holds what imports are given
// and the guest's windows. Its other data lies in the memory of the process.
//
// Layout: [ arguments of the call at hand, kArgumentBytes | windows ]. Imports take 32-bit offsets
//   into a guest's memory, so pointers to other places are copied through the first part; windows
//   are worked on in place, as in WebAssembly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "core/error.h"
#include "memory/region.h"

namespace driftwood::guest {

class NativeMemory {
 public:
  static constexpr std::uint64_t kArgumentBytes = std::uint64_t{1} << 30;

  // Room for windows of at most `window_bytes` together. Errors: out_of_memory.
  static Result<NativeMemory> create(std::uint64_t window_bytes);

  const std::shared_ptr<memory::Region>& region() const { return region_; }

  // Memory for a window, on its boundary; null if there is none left. Precondition: a multiple of
  // the window's step.
  std::byte* allocate(std::uint32_t size_bytes);
  void free(const std::byte* address);

  // The offset of a place in a window; one outside the memory for any other address.
  std::uint32_t offset_of(const void* address) const;

 private:
  explicit NativeMemory(std::shared_ptr<memory::Region> region) : region_(std::move(region)) {}

  std::shared_ptr<memory::Region> region_;
  std::map<std::uint64_t, std::uint32_t> windows_;  // offset to size
};

// The arguments of one call of an import.
class NativeArguments {
 public:
  explicit NativeArguments(memory::Region& region) : region_(&region) {}

  // Copies what the guest passes; gives its offset.
  std::uint32_t in(const void* from, std::uint64_t size_bytes);

  // Room for what the import writes; copy_back() brings it to `to`.
  std::uint32_t out(void* to, std::uint64_t size_bytes);
  // Of what was written, the first bytes.
  void copy_back(std::uint64_t most_bytes) const;

 private:
  std::uint32_t take(std::uint64_t size_bytes);

  memory::Region* region_;
  std::uint64_t used_bytes_ = 0;
  void* to_ = nullptr;
  std::uint64_t out_offset_ = 0, out_bytes_ = 0;
};

}  // namespace driftwood::guest
