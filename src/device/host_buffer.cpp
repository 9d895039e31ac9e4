#include "device/host_buffer.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

#include "os/mapping.h"

namespace driftwood::device {
namespace {

// More than any machine has; keeps sizes that a guest chose away from the allocator's own limits.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 38;

class ImportedBuffer final : public Buffer {
 public:
  explicit ImportedBuffer(memory::Import window)
      : Buffer(window.size_bytes(), window.access(), window.data()), window_(std::move(window)) {}

 private:
  memory::Import window_;
};

class AllocatedBuffer final : public Buffer {
 public:
  AllocatedBuffer(HostMemory memory, std::uint64_t size_bytes)
      : Buffer(size_bytes, memory::Access::read_write, memory.get()), memory_(std::move(memory)) {}

 private:
  HostMemory memory_;
};

constexpr std::uint64_t kLineBytes = 64;  // of the processor's caches

std::align_val_t alignment_of(std::uint64_t size_bytes) {
  const std::uint64_t page_bytes = os::page_size_bytes();
  return std::align_val_t{size_bytes < page_bytes ? kLineBytes : page_bytes};
}

}  // namespace

void HostMemoryDelete::operator()(std::byte* bytes) const {
  ::operator delete(bytes, alignment);
}

std::unique_ptr<Buffer> wrap_import(memory::Import window) {
  return std::make_unique<ImportedBuffer>(std::move(window));
}

Result<HostMemory> allocate_host_memory(std::uint64_t size_bytes) {
  if (size_bytes > kMostBytes) {
    return fail(ErrorCode::out_of_memory,
                "Allocation size ({} bytes) is over the limit ({} bytes).", size_bytes, kMostBytes);
  }
  const std::align_val_t alignment = alignment_of(size_bytes);
  HostMemory memory(static_cast<std::byte*>(::operator new(size_bytes, alignment, std::nothrow)),
                    HostMemoryDelete{alignment});
  if (memory == nullptr) {
    return fail(ErrorCode::out_of_memory, "The system has no {} bytes of memory left.", size_bytes);
  }
  return memory;
}

Result<std::unique_ptr<Buffer>> allocate_host(std::uint64_t size_bytes, Filling filling) {
  DW_TRY_ASSIGN(HostMemory memory, allocate_host_memory(size_bytes));
  if (filling == Filling::zeros) std::fill_n(memory.get(), size_bytes, std::byte{0});
  return std::make_unique<AllocatedBuffer>(std::move(memory), size_bytes);
}

void copy_host(const BufferPlace& from, const BufferPlace& to, std::uint64_t size_bytes) {
  std::copy_n(from.buffer->contents() + from.offset_bytes, size_bytes,
              to.buffer->contents() + to.offset_bytes);
}

}  // namespace driftwood::device
