// Address space and memory from the operating system. Nothing above this folder includes its
// headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/error.h"

namespace driftwood::os {

// The size of a page at run time: 4 KiB or 16 KiB.
std::size_t page_size_bytes();

// Memory with an identity of its own, so that it can be mapped more than once (a memfd on Linux, an
// unnamed POSIX shared memory object elsewhere). Its length is fixed when it is made, because some
// systems set it only once; a page takes memory only when it is touched. Freed when this handle and
// the last mapping are gone.
class SharedMemory {
 public:
  // Zero-filled. Errors: invalid_argument for no bytes or a size off a page; out_of_memory.
  static Result<SharedMemory> create(std::uint64_t size_bytes);
  ~SharedMemory();
  SharedMemory(SharedMemory&&) noexcept;
  SharedMemory& operator=(SharedMemory&&) noexcept;

  std::uint64_t size_bytes() const { return size_bytes_; }
  int descriptor() const { return descriptor_; }

 private:
  SharedMemory(int descriptor, std::uint64_t size_bytes)
      : descriptor_(descriptor), size_bytes_(size_bytes) {}
  int descriptor_ = -1;
  std::uint64_t size_bytes_ = 0;
};

// Reserves address space that faults on every access. Release with unmap().
// Errors: invalid_argument for no bytes or a size off a page; out_of_memory.
Result<std::byte*> reserve_address_space(std::uint64_t size_bytes);

// Puts [offset, offset + size) of `memory` at exactly `address`, inside a reservation. It goes on
// faulting until allow_access(). Errors: invalid_argument for an empty range, one off a page or one
// outside `memory`; out_of_memory.
Result<void> map_at(std::byte* address, const SharedMemory& memory, std::uint64_t offset_bytes,
                    std::uint64_t size_bytes);

// Makes mapped pages readable and writable; on failure they are as before.
// Precondition: map_at() covers [address, address + size).
// Errors: invalid_argument for an empty range or one off a page; out_of_memory.
Result<void> allow_access(std::byte* address, std::uint64_t size_bytes);

// Makes mapped pages fault again; what they hold stays, and is there once access is allowed again.
// Precondition and errors: as allow_access().
Result<void> forbid_access(std::byte* address, std::uint64_t size_bytes);

// Returns address space. Precondition: [address, address + size) was reserved here and is whole
// pages.
void unmap(std::byte* address, std::uint64_t size_bytes);

// A file mapped read-only. Bytes are read from disk when touched; a file that another process
// truncates meanwhile ends this process with SIGBUS.
class MappedFile {
 public:
  // Errors: not_found, io (not a regular file, no permission), out_of_memory. An empty file has no
  // bytes.
  static Result<MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_bytes_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size_bytes)
      : data_(data), size_bytes_(size_bytes) {}
  const std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

}  // namespace driftwood::os
