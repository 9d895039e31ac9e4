// Keeps regions whose guests are gone, for later guests. Making a region and touching its pages for
// the first time costs the system some 3 us for each page, which is most of what a small guest's
// start and a thaw would cost.
//
// Lifetime: the pool lives as long as its creator or any of its regions.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/error.h"
#include "memory/region.h"

namespace driftwood::memory {

class RegionPool : public std::enable_shared_from_this<RegionPool> {
 public:
  static constexpr std::size_t kMostKept = 8;
  // Of the pages that were touched; a region with more of them goes.
  static constexpr std::uint64_t kMostBytesOfOne = std::uint64_t{4} << 20;

  static std::shared_ptr<RegionPool> create();

  // As Region::reserve(). The region may be an earlier one, with no byte of it left.
  Result<std::shared_ptr<Region>> reserve(RegionSizes sizes);

  std::size_t kept_count() const;

 private:
  RegionPool() = default;

  // Takes it back when its last holder is gone. It goes where that is cheaper, or too many are
  // kept already.
  void keep(std::unique_ptr<Region> region);
  std::unique_ptr<Region> take(const RegionSizes& sizes);  // null if there is none

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Region>> kept_;  // all bytes zero
};

}  // namespace driftwood::memory
