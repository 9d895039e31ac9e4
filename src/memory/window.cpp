#include "memory/window.h"

#include <algorithm>
#include <utility>

#include "core/arithmetic.h"
#include "core/check.h"

namespace driftwood::memory {
namespace {

Result<void> check_range(const Region& region, WindowRange range) {
  if (range.access != Access::read && range.access != Access::read_write) {
    return fail(ErrorCode::invalid_argument,
                "Window access ({}) is neither 1 (read) nor 3 (read-write).",
                static_cast<std::uint32_t>(range.access));
  }
  if (range.size_bytes == 0) return fail(ErrorCode::invalid_argument, "The window has no bytes.");
  if (range.offset_bytes % kWindowStepBytes != 0 || range.size_bytes % kWindowStepBytes != 0) {
    return fail(ErrorCode::invalid_argument,
                "The window ({} bytes from {}) does not start and end on multiples of {} bytes.",
                range.size_bytes, range.offset_bytes, kWindowStepBytes);
  }
  if (!range_fits(range.offset_bytes, range.size_bytes, region.committed_bytes())) {
    return fail(ErrorCode::invalid_argument,
                "The window ({} bytes from {}) lies outside the memory ({} bytes).",
                range.size_bytes, range.offset_bytes, region.committed_bytes());
  }
  return {};
}

// Both ranges have passed check_range(), so their ends do not overflow.
bool overlap(const WindowRange& a, const WindowRange& b) {
  return a.offset_bytes < b.offset_bytes + b.size_bytes &&
         b.offset_bytes < a.offset_bytes + a.size_bytes;
}

}  // namespace

Result<Import> Import::acquire(std::shared_ptr<Region> region, WindowRange range) {
  DW_CHECK(region != nullptr);
  DW_TRY(check_range(*region, range));
  return Import(std::move(region), range);
}

Import::Import(std::shared_ptr<Region> region, WindowRange range)
    : region_(std::move(region)), range_(range) {
  region_->import_count_.fetch_add(1);
}

Import::~Import() {
  if (region_ != nullptr) region_->import_count_.fetch_sub(1);
}

Import& Import::operator=(Import&& other) noexcept {
  std::swap(region_, other.region_);
  std::swap(range_, other.range_);
  return *this;
}

Result<void> WindowTable::add(const Region& region, WindowRange range) {
  DW_TRY(check_range(region, range));
  for (const WindowRange& other : ranges_) {
    if (!overlap(range, other)) continue;
    return fail(ErrorCode::invalid_argument,
                "The window ({} bytes from {}) overlaps the window of {} bytes from {}.",
                range.size_bytes, range.offset_bytes, other.size_bytes, other.offset_bytes);
  }
  ranges_.push_back(range);
  return {};
}

Result<void> WindowTable::remove(std::uint64_t offset_bytes) {
  const auto found = std::ranges::find(ranges_, offset_bytes, &WindowRange::offset_bytes);
  if (found == ranges_.end()) {
    return fail(ErrorCode::not_found, "No window starts at {}.", offset_bytes);
  }
  ranges_.erase(found);
  return {};
}

}  // namespace driftwood::memory
