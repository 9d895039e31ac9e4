// A guest's linear memory as one reservation of address space whose base never moves:
//
//   base                base+committed          base+reserved          base+reserved+guard
//   | committed, read-write | reserved, no access | guard, no access        |
//
// Compiled guest code carries no bounds checks on the strength of this picture: an address that a
// guest can form lies inside it, and touching anything past the committed prefix faults.
//
// Layout: the reserved part is shared memory of this process (a memfd on Linux), so that it can be
// mapped
//   again; growing only changes the protection of its pages.
// Lifetime: shared. Whoever hands bytes of a region to a device holds an Import, and an Import
// holds the
//   region; the address space is returned when the last holder is gone, never under a device.
// Threads: reading base and reserved is free; grow, share and import happen on the guest's thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/error.h"
#include "os/mapping.h"

namespace driftwood::memory {

// WebAssembly's page. The operating system's page (os::page_size_bytes) is another thing and may be
// larger or smaller than the device's.
inline constexpr std::uint64_t kWasmPageBytes = 64 * 1024;

struct RegionSizes {
  std::uint64_t committed_bytes;  // accessible from the start; a multiple of kWasmPageBytes
  std::uint64_t reserved_bytes;   // the most that grow() can reach; a multiple of kWasmPageBytes
  std::uint64_t guard_bytes;      // never accessible; a multiple of the operating system's page
};

class Region {
 public:
  // Reserves the whole range and commits the prefix, zero-filled.
  // Errors: invalid_argument for sizes that break the rules above or reserve nothing; out_of_memory
  // when the address space or memory is refused.
  static Result<std::shared_ptr<Region>> reserve(RegionSizes sizes);

  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  std::byte* base() const { return base_; }
  std::uint64_t committed_bytes() const { return committed_bytes_; }
  std::uint64_t reserved_bytes() const { return sizes_.reserved_bytes; }
  std::uint64_t guard_bytes() const { return sizes_.guard_bytes; }

  // Makes the committed prefix `bytes` long, new bytes zero. The base stays; nothing shrinks.
  // Errors: limit above reserved_bytes; invalid_argument below the present size or off a Wasm page;
  // out_of_memory.
  Result<void> grow(std::uint64_t bytes);

  // The committed bytes. Valid until the region goes; a later grow() only lengthens it.
  std::span<std::byte> bytes() const { return {base_, static_cast<std::size_t>(committed_bytes_)}; }

  // Imports of this region that are alive, for tests and accounting.
  std::size_t import_count() const { return import_count_.load(); }

 private:
  friend class Import;
  Region(RegionSizes sizes, os::SharedMemory backing, std::byte* base);

  RegionSizes sizes_;
  os::SharedMemory backing_;
  std::byte* base_;
  std::uint64_t committed_bytes_ = 0;
  std::atomic<std::size_t> import_count_ = 0;
};

}  // namespace driftwood::memory
