// The guest's linear memory as imports see it. Every (pointer, size) pair that a guest passes goes
// through bytes(), and nothing else turns a guest's pointer into a host's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/error.h"
#include "memory/region.h"

namespace driftwood::guest {

// Lifetime: spans and texts are valid during the import that asked for them; the guest runs again
// after it.
class GuestMemory {
 public:
  GuestMemory() = default;
  explicit GuestMemory(std::shared_ptr<memory::Region> region) : region_(std::move(region)) {}

  const std::shared_ptr<memory::Region>& region() const { return region_; }

  // [pointer, pointer + size) of the memory. `size_bytes` is 64 bits wide so that a product of a
  // 32-bit count and a record's size cannot wrap. Errors: invalid_argument when it does not lie
  // inside the memory; of size 0 the pointer must.
  Result<std::span<std::byte>> bytes(std::uint32_t pointer, std::uint64_t size_bytes) const;

  // The same as characters.
  Result<std::string_view> text(std::uint32_t pointer, std::uint64_t size_bytes) const;

  // Copies of records at any alignment. Errors: as bytes().
  template <typename T>
  Result<T> read(std::uint32_t pointer) const {
    static_assert(std::is_trivially_copyable_v<T>);
    DW_TRY_ASSIGN(const std::span<std::byte> from, bytes(pointer, sizeof(T)));
    T record;
    std::memcpy(&record, from.data(), sizeof(T));
    return record;
  }

  template <typename T>
  Result<std::vector<T>> read_array(std::uint32_t pointer, std::uint32_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    DW_TRY_ASSIGN(const std::span<std::byte> from,
                  bytes(pointer, std::uint64_t{count} * sizeof(T)));
    std::vector<T> records(count);
    if (count > 0) std::memcpy(records.data(), from.data(), from.size());
    return records;
  }

  template <typename T>
  Result<void> write(std::uint32_t pointer, const T& record) const {
    static_assert(std::is_trivially_copyable_v<T>);
    DW_TRY_ASSIGN(const std::span<std::byte> to, bytes(pointer, sizeof(T)));
    std::memcpy(to.data(), &record, sizeof(T));
    return {};
  }

  // Writes as many of the bytes as fit into [out, out + capacity) and gives the size of all of
  // them. Errors: as bytes().
  Result<std::uint64_t> write_prefix(std::uint32_t out, std::uint32_t capacity,
                                     std::string_view text) const;

 private:
  std::shared_ptr<memory::Region> region_;
};

}  // namespace driftwood::guest
