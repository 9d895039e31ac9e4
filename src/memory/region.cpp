#include "memory/region.h"

#include <algorithm>
#include <utility>

#include "core/arithmetic.h"

namespace driftwood::memory {
namespace {

Result<void> check_multiple(const char* what, std::uint64_t size_bytes, std::uint64_t step_bytes) {
  if (size_bytes % step_bytes == 0) return {};
  return fail(ErrorCode::invalid_argument, "The {} size ({} bytes) is not a multiple of {} bytes.",
              what, size_bytes, step_bytes);
}

Result<void> check_sizes(const RegionSizes& sizes) {
  DW_TRY(check_multiple("committed", sizes.committed_bytes, kWasmPageBytes));
  DW_TRY(check_multiple("reserved", sizes.reserved_bytes, kWasmPageBytes));
  DW_TRY(check_multiple("guard", sizes.guard_bytes, os::page_size_bytes()));
  if (sizes.reserved_bytes == 0) {
    return fail(ErrorCode::invalid_argument, "The region reserves no bytes.");
  }
  if (sizes.committed_bytes > sizes.reserved_bytes) {
    return fail(ErrorCode::invalid_argument,
                "The committed size ({} bytes) is over the reserved size ({} bytes).",
                sizes.committed_bytes, sizes.reserved_bytes);
  }
  if (!checked_add(sizes.reserved_bytes, sizes.guard_bytes)) {
    return fail(ErrorCode::invalid_argument,
                "The reserved size ({} bytes) and the guard ({} bytes) together overflow.",
                sizes.reserved_bytes, sizes.guard_bytes);
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<Region>> Region::reserve(RegionSizes sizes) {
  return make(sizes);
}

Result<std::unique_ptr<Region>> Region::make(RegionSizes sizes) {
  DW_TRY(check_sizes(sizes));
  DW_TRY_ASSIGN(os::SharedMemory memory, os::SharedMemory::create(sizes.reserved_bytes));
  auto backing = std::make_shared<const os::SharedMemory>(std::move(memory));
  DW_TRY_ASSIGN(std::byte * base,
                os::reserve_address_space(sizes.reserved_bytes + sizes.guard_bytes));
  std::unique_ptr<Region> region(new Region(sizes, std::move(backing), base));
  DW_TRY(os::map_at(base, *region->backing_, 0, sizes.reserved_bytes));
  DW_TRY(region->grow(sizes.committed_bytes));
  return region;
}

Region::Region(RegionSizes sizes, std::shared_ptr<const os::SharedMemory> backing, std::byte* base)
    : sizes_(sizes), backing_(std::move(backing)), base_(base) {}

Region::~Region() {
  os::unmap(base_, sizes_.reserved_bytes + sizes_.guard_bytes);
  let_go_of_backing();
}

Result<void> Region::grow(std::uint64_t bytes) {
  DW_TRY(check_multiple("new", bytes, kWasmPageBytes));
  if (bytes > sizes_.reserved_bytes) {
    return fail(ErrorCode::limit, "The new size ({} bytes) is over the reserved size ({} bytes).",
                bytes, sizes_.reserved_bytes);
  }
  if (bytes < committed_bytes_) {
    return fail(ErrorCode::invalid_argument,
                "The new size ({} bytes) is below the present size ({} bytes).", bytes,
                committed_bytes_);
  }
  if (bytes == committed_bytes_) return {};
  DW_TRY(os::allow_access(base_ + committed_bytes_, bytes - committed_bytes_));
  committed_bytes_ = bytes;
  return {};
}

Result<void> Region::zero() {
  // An image's pages are not this region's to write.
  if (!images_.empty()) return clear();
  DW_TRY(check_no_imports());
  for (const os::PageRange& range : touched_pages()) {
    std::fill_n(base_ + range.offset_bytes, range.size_bytes, std::byte{0});
  }
  return {};
}

Result<void> Region::check_no_imports() const {
  if (import_count() == 0) return {};
  return fail(ErrorCode::invalid_argument,
              "The region's bytes cannot be replaced while devices hold {} of its windows.",
              import_count());
}

Result<void> Region::renew(std::uint64_t committed_bytes) {
  if (committed_bytes < committed_bytes_) {
    DW_TRY(os::forbid_access(base_ + committed_bytes, committed_bytes_ - committed_bytes));
    committed_bytes_ = committed_bytes;
  }
  return grow(committed_bytes);
}

}  // namespace driftwood::memory
