#include "os/mapping.h"

#include <sys/mman.h>

#include "core/arithmetic.h"
#include "core/check.h"
#include "os/posix.h"
#include "os/process.h"

namespace driftwood::os {
namespace {

// An object of shared memory that no other process can find by name.
Result<Descriptor> open_unnamed_memory() {
#if defined(__linux__)
  int descriptor = ::memfd_create("driftwood", MFD_CLOEXEC);
#else
  const std::string name = fmt::format("/dw-{:x}", random_bits());
  int descriptor = ::shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
  if (descriptor >= 0) ::shm_unlink(name.c_str());
#endif
  if (descriptor < 0) {
    return fail(ErrorCode::out_of_memory, "Shared memory cannot be made: {}.", errno_text());
  }
  return Descriptor(descriptor);
}

Result<void> check_whole_pages(const char* what, std::uint64_t size_bytes) {
  if (size_bytes == 0) return fail(ErrorCode::invalid_argument, "The {} has no bytes.", what);
  if (size_bytes % page_size_bytes() != 0) {
    return fail(ErrorCode::invalid_argument,
                "The {} ({} bytes) is not a multiple of the system's page ({} bytes).", what,
                size_bytes, page_size_bytes());
  }
  return {};
}

Result<void> change_access(std::byte* address, std::uint64_t size_bytes, int access) {
  DW_TRY(check_whole_pages("range", size_bytes));
  if (::mprotect(address, size_bytes, access) != 0) {
    return fail(ErrorCode::out_of_memory,
                "The system refuses to change the access to {} bytes: {}.", size_bytes,
                errno_text());
  }
  return {};
}

}  // namespace

std::size_t page_size_bytes() {
  static const auto size_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size_bytes;
}

Result<SharedMemory> SharedMemory::create(std::uint64_t size_bytes) {
  DW_TRY(check_whole_pages("shared memory", size_bytes));
  DW_TRY_ASSIGN(Descriptor descriptor, open_unnamed_memory());
  // A size over 2^63 becomes a negative off_t, which the system refuses.
  if (::ftruncate(descriptor.number(), static_cast<off_t>(size_bytes)) != 0) {
    return fail(ErrorCode::out_of_memory, "The system refuses shared memory of {} bytes: {}.",
                size_bytes, errno_text());
  }
  return SharedMemory(descriptor.release(), size_bytes);
}

SharedMemory::~SharedMemory() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_bytes_(std::exchange(other.size_bytes_, 0)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

Result<std::byte*> reserve_address_space(std::uint64_t size_bytes) {
  DW_TRY(check_whole_pages("reservation", size_bytes));
  void* address =
      ::mmap(nullptr, size_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) {
    return fail(ErrorCode::out_of_memory, "The system refuses {} bytes of address space: {}.",
                size_bytes, errno_text());
  }
  return static_cast<std::byte*>(address);
}

Result<void> map_at(std::byte* address, const SharedMemory& memory, std::uint64_t offset_bytes,
                    std::uint64_t size_bytes) {
  DW_TRY(check_whole_pages("mapping", size_bytes));
  if (offset_bytes % page_size_bytes() != 0) {
    return fail(ErrorCode::invalid_argument,
                "The mapping's offset ({}) is not a multiple of the system's page ({} bytes).",
                offset_bytes, page_size_bytes());
  }
  if (!range_fits(offset_bytes, size_bytes, memory.size_bytes())) {
    return fail(ErrorCode::invalid_argument,
                "The mapping ({} bytes from {}) lies outside the shared memory ({} bytes).",
                size_bytes, offset_bytes, memory.size_bytes());
  }
  void* mapped = ::mmap(address, size_bytes, PROT_NONE, MAP_SHARED | MAP_FIXED, memory.descriptor(),
                        static_cast<off_t>(offset_bytes));
  if (mapped == MAP_FAILED) {
    return fail(ErrorCode::out_of_memory, "The system refuses to map {} bytes: {}.", size_bytes,
                errno_text());
  }
  return {};
}

Result<void> allow_access(std::byte* address, std::uint64_t size_bytes) {
  return change_access(address, size_bytes, PROT_READ | PROT_WRITE);
}

Result<void> forbid_access(std::byte* address, std::uint64_t size_bytes) {
  return change_access(address, size_bytes, PROT_NONE);
}

void unmap(std::byte* address, std::uint64_t size_bytes) {
  DW_CHECK(::munmap(address, size_bytes) == 0);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  DW_TRY_ASSIGN(const RegularFile file, RegularFile::open(path));
  const std::size_t size_bytes = file.size_bytes;
  if (size_bytes == 0) return MappedFile(nullptr, 0);
  void* data = ::mmap(nullptr, size_bytes, PROT_READ, MAP_SHARED, file.descriptor.number(), 0);
  if (data == MAP_FAILED) {
    return fail(errno == ENOMEM ? ErrorCode::out_of_memory : ErrorCode::io,
                "File \"{}\" ({} bytes) cannot be mapped: {}.", path, size_bytes, errno_text());
  }
  return MappedFile(static_cast<const std::byte*>(data), size_bytes);
}

MappedFile::~MappedFile() {
  // munmap takes a pointer to bytes that may be written, and writes none.
  if (data_ != nullptr) unmap(const_cast<std::byte*>(data_), size_bytes_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

}  // namespace driftwood::os
