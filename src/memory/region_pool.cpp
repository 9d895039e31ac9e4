#include "memory/region_pool.h"

#include <algorithm>
#include <utility>

namespace driftwood::memory {

std::shared_ptr<RegionPool> RegionPool::create() {
  return std::shared_ptr<RegionPool>(new RegionPool);
}

std::size_t RegionPool::kept_count() const {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

Result<std::shared_ptr<Region>> RegionPool::reserve(RegionSizes sizes) {
  std::unique_ptr<Region> region = take(sizes);
  if (region == nullptr || !region->renew(sizes.committed_bytes)) {
    DW_TRY_ASSIGN(region, Region::make(sizes));
  }
  return std::shared_ptr<Region>(region.release(), [pool = shared_from_this()](Region* gone) {
    pool->keep(std::unique_ptr<Region>(gone));
  });
}

std::unique_ptr<Region> RegionPool::take(const RegionSizes& sizes) {
  const std::lock_guard lock(mutex_);
  const auto fits = std::ranges::find_if(kept_, [&](const auto& region) {
    return region->reserved_bytes() == sizes.reserved_bytes &&
           region->guard_bytes() == sizes.guard_bytes;
  });
  if (fits == kept_.end()) return nullptr;
  std::unique_ptr<Region> region = std::move(*fits);
  kept_.erase(fits);
  return region;
}

void RegionPool::keep(std::unique_ptr<Region> region) {
  // Images are shared with regions that live on.
  if (!region->images_.empty()) return;
  std::uint64_t touched_bytes = 0;
  for (const os::PageRange& range : region->touched_pages()) touched_bytes += range.size_bytes;
  if (touched_bytes > kMostBytesOfOne || !region->zero()) return;
  const std::lock_guard lock(mutex_);
  if (kept_.size() < kMostKept) kept_.push_back(std::move(region));
}

}  // namespace driftwood::memory
