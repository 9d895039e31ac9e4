#include "os/copy_on_write.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>

#include "core/arithmetic.h"
#include "os/posix.h"

namespace driftwood::os {
namespace {

Result<void> check_range(const char* what, const SharedMemory& memory, PageRange range) {
  if (range.size_bytes != 0 && range.offset_bytes % page_size_bytes() == 0 &&
      range.size_bytes % page_size_bytes() == 0 &&
      range_fits(range.offset_bytes, range.size_bytes, memory.size_bytes())) {
    return {};
  }
  return fail(ErrorCode::invalid_argument,
              "The range to {} ({} bytes from {}) is not whole pages inside the shared memory "
              "({} bytes).",
              what, range.size_bytes, range.offset_bytes, memory.size_bytes());
}

std::unexpected<Error> refused(const char* what, std::uint64_t size_bytes) {
  return fail(ErrorCode::out_of_memory, "The system refuses to {} {} bytes of shared memory: {}.",
              what, size_bytes, errno_text());
}

}  // namespace

#if defined(__linux__)

namespace {

// Of an entry of /proc/self/pagemap.
constexpr std::uint64_t kIsOfFile = std::uint64_t{1} << 61;  // or of shared memory
constexpr std::uint64_t kIsSwapped = std::uint64_t{1} << 62;
constexpr std::uint64_t kIsPresent = std::uint64_t{1} << 63;

// A page that is neither there nor swapped out, or is the file's, was never written.
bool is_written(std::uint64_t entry) {
  return (entry & (kIsPresent | kIsSwapped)) != 0 && (entry & kIsOfFile) == 0;
}

// Adds a range that does not begin before the last one's end.
void append(std::vector<PageRange>& ranges, PageRange range) {
  if (!ranges.empty() && ranges.back().end_bytes() == range.offset_bytes) {
    ranges.back().size_bytes += range.size_bytes;
  } else {
    ranges.push_back(range);
  }
}

}  // namespace

Result<void> map_copy_at(std::byte* address, const SharedMemory& memory, PageRange range) {
  DW_TRY(check_range("map", memory, range));
  void* mapped = ::mmap(address, range.size_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, memory.descriptor(),
                        static_cast<off_t>(range.offset_bytes));
  if (mapped == MAP_FAILED) return refused("map", range.size_bytes);
  return {};
}

std::vector<PageRange> data_ranges(const SharedMemory& memory, PageRange within) {
  std::vector<PageRange> ranges;
  const auto end = static_cast<off_t>(within.end_bytes());
  auto at = static_cast<off_t>(within.offset_bytes);
  while (at < end) {
    const off_t data = ::lseek(memory.descriptor(), at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // only a hole follows
    const off_t hole = data < 0 ? -1 : ::lseek(memory.descriptor(), data, SEEK_HOLE);
    if (hole < 0) return {within};
    if (data >= end) break;
    append(ranges, {static_cast<std::uint64_t>(data),
                    static_cast<std::uint64_t>(std::min(hole, end) - data)});
    at = hole;
  }
  return ranges;
}

Result<void> write_pages(const SharedMemory& memory, std::uint64_t offset_bytes,
                         std::span<const std::byte> bytes) {
  DW_TRY(check_range("write", memory, {offset_bytes, bytes.size()}));
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(memory.descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset_bytes));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return refused("write", bytes.size());
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset_bytes += static_cast<std::uint64_t>(written);
  }
  return {};
}

std::vector<PageRange> written_ranges(const std::byte* address, std::uint64_t size_bytes) {
  const PageRange all = {0, size_bytes};
  const auto pagemap = Descriptor::open_for_reading("/proc/self/pagemap");
  if (!pagemap) return {all};
  const std::uint64_t page_bytes = page_size_bytes();
  const std::uint64_t first_page = reinterpret_cast<std::uintptr_t>(address) / page_bytes;
  std::vector<PageRange> ranges;
  std::array<std::uint64_t, 512> entries;
  for (std::uint64_t page = 0; page < size_bytes / page_bytes;) {
    const std::uint64_t count =
        std::min<std::uint64_t>(entries.size(), size_bytes / page_bytes - page);
    const ssize_t got = ::pread(pagemap->number(), entries.data(), count * sizeof(entries[0]),
                                static_cast<off_t>((first_page + page) * sizeof(entries[0])));
    if (got != static_cast<ssize_t>(count * sizeof(entries[0]))) return {all};
    for (std::uint64_t i = 0; i < count; ++i, ++page) {
      if (is_written(entries[i])) append(ranges, {page * page_bytes, page_bytes});
    }
  }
  return ranges;
}

void discard(const SharedMemory& memory, PageRange range) {
  // A failure leaves the pages where they are, which costs memory and nothing else.
  (void)::fallocate(memory.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    static_cast<off_t>(range.offset_bytes), static_cast<off_t>(range.size_bytes));
}

#else

Result<void> map_copy_at(std::byte*, const SharedMemory&, PageRange) {
  return fail(ErrorCode::unsupported, "This system cannot map shared memory copy-on-write.");
}

std::vector<PageRange> data_ranges(const SharedMemory&, PageRange within) {
  return {within};
}

// These systems let shared memory be reached by mapping it alone.
Result<void> write_pages(const SharedMemory& memory, std::uint64_t offset_bytes,
                         std::span<const std::byte> bytes) {
  DW_TRY(check_range("write", memory, {offset_bytes, bytes.size()}));
  void* mapped = ::mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_SHARED,
                        memory.descriptor(), static_cast<off_t>(offset_bytes));
  if (mapped == MAP_FAILED) return refused("write", bytes.size());
  std::ranges::copy(bytes, static_cast<std::byte*>(mapped));
  unmap(static_cast<std::byte*>(mapped), bytes.size());
  return {};
}

std::vector<PageRange> written_ranges(const std::byte*, std::uint64_t size_bytes) {
  return {{0, size_bytes}};
}

void discard(const SharedMemory&, PageRange) {}

#endif

}  // namespace driftwood::os
