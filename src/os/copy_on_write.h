// Shared memory whose pages several mappings read and each writes for itself, and where such memory
// and mappings hold bytes. Linux alone has it; elsewhere ranges are said to hold bytes throughout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "os/mapping.h"

namespace driftwood::os {

#if defined(__linux__)
inline constexpr bool kHasCopyOnWrite = true;
#else
inline constexpr bool kHasCopyOnWrite = false;
#endif

// Whole pages. What the offset is counted from is said where it is used.
struct PageRange {
  std::uint64_t offset_bytes;
  std::uint64_t size_bytes;

  std::uint64_t end_bytes() const { return offset_bytes + size_bytes; }
  friend bool operator==(const PageRange&, const PageRange&) = default;
};

// Maps `range` of `memory` at exactly `address`, inside a reservation, readable and writable: shows
// the memory's bytes, and a page that is written becomes this mapping's own. Precondition: nobody
// changes the range from then on. On failure what was mapped there before is left.
// Errors: unsupported where there is no copy-on-write; invalid_argument as for map_at();
// out_of_memory.
Result<void> map_copy_at(std::byte* address, const SharedMemory& memory, PageRange range);

// The parts of `within` (from the memory's first byte) that may hold other bytes than zero,
// ascending. They are found without touching pages, which would give them memory.
std::vector<PageRange> data_ranges(const SharedMemory& memory, PageRange within);

// Copies bytes into `memory`, page by page from `offset_bytes`. They may be bytes of a mapping of
// the same memory. Pages that nobody has touched yet cost less than half of a fault this way.
// Errors: invalid_argument for an offset off a page, or bytes that leave the memory; out_of_memory.
Result<void> write_pages(const SharedMemory& memory, std::uint64_t offset_bytes,
                         std::span<const std::byte> bytes);

// The parts of a map_copy_at() mapping that may have been written, as offsets from `address`,
// ascending; all of it where the system does not tell.
std::vector<PageRange> written_ranges(const std::byte* address, std::uint64_t size_bytes);

// Gives back the memory of `range` (from the memory's first byte), as far as the system can.
// Precondition: nobody reads the range any more.
void discard(const SharedMemory& memory, PageRange range);

}  // namespace driftwood::os
