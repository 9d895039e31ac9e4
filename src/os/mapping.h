// Address space and memory from the operating system. Nothing above this folder includes its headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/error.h"

namespace driftwood::os {

// The size of a page at run time: 4 KiB or 16 KiB.
std::size_t page_size_bytes();

// Memory with an identity of its own, so that it can be mapped more than once (a memfd on Linux, an unnamed
// POSIX shared memory object elsewhere). Closed when the last mapping and this handle are gone.
class SharedMemory {
 public:
  static Result<SharedMemory> create(std::uint64_t size_bytes);
  ~SharedMemory();
  SharedMemory(SharedMemory&&) noexcept;
  SharedMemory& operator=(SharedMemory&&) noexcept;

  // Lengthens it; new bytes are zero and take memory only when touched.
  Result<void> resize(std::uint64_t size_bytes);
  int descriptor() const { return descriptor_; }

 private:
  explicit SharedMemory(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// Reserves address space that faults on every access. Release with unmap().
Result<std::byte*> reserve_address_space(std::uint64_t size_bytes);

// Maps [offset, offset + size) of `memory` read-write at exactly `address`, inside a reservation.
Result<void> map_at(std::byte* address, const SharedMemory& memory, std::uint64_t offset_bytes,
                    std::uint64_t size_bytes);

// Returns address space. Precondition: [address, address + size) was reserved here and is whole pages.
void unmap(std::byte* address, std::uint64_t size_bytes);

// A file mapped read-only. Bytes are read from disk when touched; a file that another process truncates
// meanwhile ends this process with SIGBUS.
class MappedFile {
 public:
  // Errors: not_found, io (not a regular file, no permission), out_of_memory.
  static Result<MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_bytes_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size_bytes) : data_(data), size_bytes_(size_bytes) {}
  const std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

}  // namespace driftwood::os
