#include "guest/guest_memory.h"

#include <algorithm>

#include "core/arithmetic.h"

namespace driftwood::guest {

Result<std::span<std::byte>> GuestMemory::bytes(std::uint32_t pointer,
                                                std::uint64_t size_bytes) const {
  const std::uint64_t memory_bytes = region_ ? region_->committed_bytes() : 0;
  if (!range_fits(pointer, size_bytes, memory_bytes)) {
    return fail(ErrorCode::invalid_argument,
                "Pointer {} with size {} lies outside the guest's memory ({} bytes).", pointer,
                size_bytes, memory_bytes);
  }
  if (!region_) return std::span<std::byte>();
  return region_->bytes().subspan(pointer, static_cast<std::size_t>(size_bytes));
}

Result<std::string_view> GuestMemory::text(std::uint32_t pointer, std::uint64_t size_bytes) const {
  DW_TRY_ASSIGN(const std::span<std::byte> found, bytes(pointer, size_bytes));
  return std::string_view(reinterpret_cast<const char*>(found.data()), found.size());
}

Result<std::uint64_t> GuestMemory::write_prefix(std::uint32_t out, std::uint32_t capacity,
                                                std::string_view text) const {
  DW_TRY_ASSIGN(const std::span<std::byte> to, bytes(out, capacity));
  const std::size_t written = std::min(to.size(), text.size());
  if (written > 0) std::memcpy(to.data(), text.data(), written);
  return text.size();
}

}  // namespace driftwood::guest
