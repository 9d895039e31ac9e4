// Share windows: the ranges of a region that its guest gave to devices, and the record of who holds
// them. This is the security boundary: a device sees these bytes and no others.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/error.h"
#include "memory/region.h"

namespace driftwood::memory {

enum class Access : std::uint32_t {
  read = 1,        // the device reads
  read_write = 3,  // the device reads and writes
};

// A window starts and ends on multiples of this on every host, so that a guest that runs on a
// machine with 4 KiB pages also runs on one with 16 KiB pages.
inline constexpr std::uint64_t kWindowStepBytes = 64 * 1024;

struct WindowRange {
  std::uint64_t offset_bytes;  // from the region's base
  std::uint64_t size_bytes;
  Access access;

  bool operator==(const WindowRange&) const = default;
};

// Proof that a device may address a range of a region: holds the region, and is counted by it. A
// device keeps it for as long as its own mapping of the range lives (region <- import <- device
// buffer).
class Import {
 public:
  // Errors: invalid_argument when the range is empty, off kWindowStepBytes, or not within the
  // committed bytes.
  static Result<Import> acquire(std::shared_ptr<Region> region, WindowRange range);

  ~Import();
  Import(Import&&) noexcept = default;
  Import& operator=(Import&&) noexcept;

  std::byte* data() const { return region_->base() + range_.offset_bytes; }
  std::uint64_t size_bytes() const { return range_.size_bytes; }
  Access access() const { return range_.access; }

 private:
  Import(std::shared_ptr<Region> region, WindowRange range);

  std::shared_ptr<Region> region_;
  WindowRange range_;
};

// The windows that one guest has shared. Windows do not overlap: a range is imported once, with one
// access.
class WindowTable {
 public:
  // Checks a new window against the committed bytes and the windows that are there.
  // Errors: invalid_argument (empty, unaligned, outside the memory, overlapping a window).
  Result<void> add(const Region& region, WindowRange range);

  // Takes the window that starts at this offset out of the table. Errors: not_found.
  Result<void> remove(std::uint64_t offset_bytes);

  const std::vector<WindowRange>& ranges() const { return ranges_; }

 private:
  std::vector<WindowRange> ranges_;
};

}  // namespace driftwood::memory
