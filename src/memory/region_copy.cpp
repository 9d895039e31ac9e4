// Copies of a region: what becomes an image, what is copied, and which pages hold bytes.
#include <algorithm>
#include <utility>

#include "memory/region.h"
#include "memory/window.h"

namespace driftwood::memory {
namespace {

using os::PageRange;

// A smaller hole between two ranges that hold bytes becomes part of an image: a range costs the
// system more than a few pages that may come to be shared.
constexpr std::uint64_t kLeastHoleBytes = 64 * 1024;

// Joins ascending ranges that overlap or have less than `least_gap_bytes` between them.
std::vector<PageRange> join(const std::vector<PageRange>& ranges, std::uint64_t least_gap_bytes) {
  std::vector<PageRange> joined;
  for (const PageRange& range : ranges) {
    if (!joined.empty() && range.offset_bytes < joined.back().end_bytes() + least_gap_bytes) {
      PageRange& last = joined.back();
      last.size_bytes = std::max(last.end_bytes(), range.end_bytes()) - last.offset_bytes;
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

// What remains of the ranges without `hole`.
std::vector<PageRange> without(const std::vector<PageRange>& ranges, PageRange hole) {
  std::vector<PageRange> rest;
  const auto add = [&](std::uint64_t begin, std::uint64_t end) {
    if (begin < end) rest.push_back({begin, end - begin});
  };
  for (const PageRange& range : ranges) {
    add(range.offset_bytes, std::min(range.end_bytes(), hole.offset_bytes));
    add(std::max(range.offset_bytes, hole.end_bytes()), range.end_bytes());
  }
  return rest;
}

}  // namespace

std::vector<PageRange> Region::own_ranges() const {
  std::vector<PageRange> ranges = {{0, committed_bytes_}};
  for (const Image& image : images_) ranges = without(ranges, image.range);
  return ranges;
}

Result<void> Region::add_image(Image image) {
  DW_TRY(os::map_copy_at(base_ + image.range.offset_bytes, *image.memory, image.range));
  const auto after = std::ranges::upper_bound(images_, image.range.offset_bytes, {},
                                              [](const Image& i) { return i.range.offset_bytes; });
  images_.insert(after, std::move(image));
  return {};
}

Result<void> Region::make_images(std::span<const WindowRange> windows) {
  for (const PageRange& own : own_ranges()) {
    std::vector<PageRange> ranges = join(os::data_ranges(*backing_, own), kLeastHoleBytes);
    for (const WindowRange& window : windows) {
      ranges = without(ranges, {window.offset_bytes, window.size_bytes});
    }
    for (const PageRange& range : ranges) {
      if (images_.size() == kMostImages) return {};
      DW_TRY(add_image({range, backing_}));
    }
  }
  return {};
}

Result<void> Region::become_copy_of(Region& other, std::span<const WindowRange> windows) {
  if (&other == this || other.committed_bytes_ != committed_bytes_) {
    return fail(ErrorCode::invalid_argument,
                "A region of {} bytes can become a copy of another one of this size, but not of {} "
                "with {} bytes.",
                committed_bytes_, &other == this ? "itself" : "one", other.committed_bytes_);
  }
  DW_TRY(clear());
  if (os::kHasCopyOnWrite) DW_TRY(other.make_images(windows));
  for (const Image& image : other.images_) {
    DW_TRY(add_image(image));
    std::byte* const from = other.base_ + image.range.offset_bytes;
    for (const PageRange& range : os::written_ranges(from, image.range.size_bytes)) {
      std::copy_n(from + range.offset_bytes, range.size_bytes,
                  base_ + image.range.offset_bytes + range.offset_bytes);
    }
  }
  for (const PageRange& own : other.own_ranges()) {
    for (const PageRange& range : os::data_ranges(*other.backing_, own)) {
      DW_TRY(os::write_pages(*backing_, range.offset_bytes,
                             {other.base_ + range.offset_bytes, range.size_bytes}));
    }
  }
  return {};
}

Result<void> Region::clear() {
  DW_TRY(check_no_imports());
  DW_TRY_ASSIGN(os::SharedMemory memory, os::SharedMemory::create(sizes_.reserved_bytes));
  DW_TRY(os::map_at(base_, memory, 0, sizes_.reserved_bytes));
  let_go_of_backing();
  backing_ = std::make_shared<const os::SharedMemory>(std::move(memory));
  return grow(std::exchange(committed_bytes_, 0));
}

void Region::let_go_of_backing() {
  const std::vector<PageRange> own = own_ranges();
  images_.clear();
  // What is left of its images is mapped by copies of this region.
  if (backing_.use_count() == 1) return;
  for (const PageRange& range : own) os::discard(*backing_, range);
}

std::vector<PageRange> Region::touched_pages() const {
  std::vector<PageRange> ranges;
  const auto add = [&](const std::vector<PageRange>& found, std::uint64_t begin) {
    for (const PageRange& range : found) {
      ranges.push_back({begin + range.offset_bytes, range.size_bytes});
    }
  };
  for (const PageRange& own : own_ranges()) add(os::data_ranges(*backing_, own), 0);
  for (const Image& image : images_) {
    const std::uint64_t begin = image.range.offset_bytes;
    add(os::data_ranges(*image.memory, image.range), 0);
    add(os::written_ranges(base_ + begin, image.range.size_bytes), begin);
  }
  std::ranges::sort(ranges, {}, &PageRange::offset_bytes);
  return join(ranges, 1);
}

}  // namespace driftwood::memory
