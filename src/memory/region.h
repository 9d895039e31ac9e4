// A guest's linear memory as one reservation of address space whose base never moves:
//
//   base                base+committed          base+reserved          base+reserved+guard
//   | committed, read-write | reserved, no access | guard, no access        |
//
// Compiled guest code carries no bounds checks on the strength of this picture: an address that a
// guest can form lies inside it, and touching anything past the committed prefix faults.
//
// Layout: the reserved part is shared memory of this process (a memfd on Linux), the region's own
//   backing; growing only changes the protection of its pages. A copy makes ranges of a backing
//   into images: bytes that change no more, which both regions map, each page becoming a region's
//   own when it is written. Any part of a region lies either on an image or on its own backing.
// Lifetime: shared. Whoever hands bytes of a region to a device holds an Import, and an Import
//   holds the region; the address space is returned when the last holder is gone, never under a
//   device. An image lives as long as a region that maps it.
// Threads: reading base and reserved is free; all else happens on the guest's thread, and a copy on
//   one that both guests leave alone meanwhile.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "os/copy_on_write.h"
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

struct WindowRange;

class Region {
 public:
  // Ranges of a region that lie on images, at most; what is more is copied.
  static constexpr std::size_t kMostImages = 64;

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

  // Makes the bytes of this region those of `other`; from then on each writes its own. Most of them
  // are shared until they are written: bytes of `other` on its own backing become an image, without
  // being copied, save those of `windows`, which a device may have addressed: all windows of
  // `other`. Copied are those, and pages that `other` wrote since they became an image. Where
  // the system has no copy-on-write, all is copied. On failure `other` is as it was, and this
  // region holds part of the bytes. Errors: invalid_argument for the same region, other committed
  // bytes, or imports of this region; out_of_memory.
  Result<void> become_copy_of(Region& other, std::span<const WindowRange> windows);

  // Makes all committed bytes zero and gives their memory back. If the system refuses, nothing is
  // committed any more. Errors: invalid_argument while imports are alive; out_of_memory.
  Result<void> clear();

  // The same without giving memory back, for bytes that take the place of those here: memory that
  // nobody has touched yet costs some ten times what writing it costs. Errors: as clear().
  Result<void> zero();

  // Ranges of the committed bytes, ascending and apart, outside of which all are zero. Looking for
  // them takes no memory. Offsets are from the base and multiples of the system's page.
  std::vector<os::PageRange> touched_pages() const;

  // The committed bytes. Valid until the region goes; a later grow() only lengthens it.
  std::span<std::byte> bytes() const { return {base_, static_cast<std::size_t>(committed_bytes_)}; }

  // Imports of this region that are alive, for tests and accounting.
  std::size_t import_count() const { return import_count_.load(); }

 private:
  friend class Import;
  friend class RegionPool;

  struct Image {
    os::PageRange range;  // the same in the region and in the memory
    std::shared_ptr<const os::SharedMemory> memory;
  };

  Region(RegionSizes sizes, std::shared_ptr<const os::SharedMemory> backing, std::byte* base);

  // As reserve(), for an owner of its own kind.
  static Result<std::unique_ptr<Region>> make(RegionSizes sizes);
  // Makes it as reserve() gives it, of these committed bytes. Precondition: all bytes are zero and
  // it has no images. Errors: out_of_memory.
  Result<void> renew(std::uint64_t committed_bytes);

  // Errors: invalid_argument while there are some.
  Result<void> check_no_imports() const;

  // The committed bytes that lie on no image, ascending.
  std::vector<os::PageRange> own_ranges() const;
  // What lies on the own backing and holds bytes becomes images, save the windows.
  Result<void> make_images(std::span<const WindowRange> windows);
  Result<void> add_image(Image image);
  // Gives back what nobody else maps of the backing, whose images live on.
  void let_go_of_backing();

  RegionSizes sizes_;
  std::shared_ptr<const os::SharedMemory> backing_;
  std::byte* base_;
  std::vector<Image> images_;  // ascending and apart
  std::uint64_t committed_bytes_ = 0;
  std::atomic<std::size_t> import_count_ = 0;
};

}  // namespace driftwood::memory
