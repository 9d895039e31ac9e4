#include "guest/native_memory.h"

#include <algorithm>
#include <limits>

#include "core/arithmetic.h"
#include "memory/window.h"

namespace driftwood::guest {
namespace {

constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 32) - memory::kWasmPageBytes;
constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();

}  // namespace

Result<NativeMemory> NativeMemory::create(std::uint64_t window_bytes) {
  const std::uint64_t most = kMostBytes - kArgumentBytes;
  const std::uint64_t windows = std::min(window_bytes, most) / memory::kWasmPageBytes;
  // Pages take memory when they are touched, so what is not used costs nothing.
  DW_TRY_ASSIGN(auto region,
                memory::Region::reserve({
                    .committed_bytes = kArgumentBytes,
                    .reserved_bytes = kArgumentBytes + windows * memory::kWasmPageBytes,
                    .guard_bytes = 0,
                }));
  return NativeMemory(std::move(region));
}

std::byte* NativeMemory::allocate(std::uint32_t size_bytes) {
  std::uint64_t begin = kArgumentBytes;
  for (const auto& [offset, size] : windows_) {
    if (offset - begin >= size_bytes) break;
    begin = offset + size;
  }
  const std::uint64_t end = begin + size_bytes;
  if (end > region_->reserved_bytes()) return nullptr;
  if (end > region_->committed_bytes() && !region_->grow(end)) return nullptr;
  windows_[begin] = size_bytes;
  return region_->base() + begin;
}

void NativeMemory::free(const std::byte* address) {
  windows_.erase(offset_of(address));
}

std::uint32_t NativeMemory::offset_of(const void* address) const {
  const auto offset =
      reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(region_->base());
  const bool inside = offset >= kArgumentBytes && offset < region_->committed_bytes();
  return inside ? static_cast<std::uint32_t>(offset) : kNowhere;
}

std::uint32_t NativeArguments::take(std::uint64_t size_bytes) {
  if (!range_fits(used_bytes_, size_bytes, NativeMemory::kArgumentBytes)) return kNowhere;
  const std::uint64_t offset = used_bytes_;
  used_bytes_ += size_bytes;
  return static_cast<std::uint32_t>(offset);
}

std::uint32_t NativeArguments::in(const void* from, std::uint64_t size_bytes) {
  const std::uint32_t offset = take(size_bytes);
  if (offset != kNowhere) {
    std::copy_n(static_cast<const std::byte*>(from), size_bytes, region_->base() + offset);
  }
  return offset;
}

std::uint32_t NativeArguments::out(void* to, std::uint64_t size_bytes) {
  const std::uint32_t offset = take(size_bytes);
  to_ = to;
  out_offset_ = offset;
  out_bytes_ = offset == kNowhere ? 0 : size_bytes;
  return offset;
}

void NativeArguments::copy_back(std::uint64_t most_bytes) const {
  std::copy_n(region_->base() + out_offset_, std::min(most_bytes, out_bytes_),
              static_cast<std::byte*>(to_));
}

}  // namespace driftwood::guest
