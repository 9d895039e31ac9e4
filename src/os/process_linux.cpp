#if defined(__linux__)
#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "os/cgroup.h"
#include "os/file.h"
#include "os/mapping.h"
#include "os/process.h"

namespace driftwood::os {
namespace {

constexpr std::uint64_t kMostProcFileBytes = 1 << 20;
constexpr std::size_t kMostProcessors = 1 << 20;

// Processors in the affinity mask. The kernel refuses a mask shorter than its own, whose length it
// hides.
unsigned affinity_count() {
  for (std::size_t processors = CPU_SETSIZE; processors <= kMostProcessors; processors *= 2) {
    std::vector<cpu_set_t> mask(processors / CPU_SETSIZE);
    const std::size_t size_bytes = mask.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, size_bytes, mask.data()) == 0) {
      return static_cast<unsigned>(CPU_COUNT_S(size_bytes, mask.data()));
    }
  }
  return 1;
}

// The first decimal number in `text` after `label`.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view label) {
  const std::size_t at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + label.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::uint64_t number;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

unsigned available_processor_count() {
  const unsigned allowed = std::max(affinity_count(), 1u);
  const auto membership = read_file("/proc/self/cgroup", kMostProcFileBytes);
  if (!membership) return allowed;
  return std::min(allowed, cgroup_processor_quota(*membership, "/sys/fs/cgroup").value_or(allowed));
}

std::string processor_name() {
  const std::string cpuinfo = read_file("/proc/cpuinfo", kMostProcFileBytes).value_or("");
  const std::size_t label = cpuinfo.find("model name");
  const std::size_t begin = cpuinfo.find(": ", label);
  if (label == std::string::npos || begin == std::string::npos) return "unknown processor";
  return cpuinfo.substr(begin + 2, cpuinfo.find('\n', begin) - begin - 2);
}

Result<std::string> program_folder() {
  std::array<char, PATH_MAX> path;
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return fail(ErrorCode::io, "/proc/self/exe cannot be read.");
  const std::string program(path.data(), static_cast<std::size_t>(length));
  return program.substr(0, program.rfind('/'));
}

Result<std::uint64_t> resident_bytes() {
  // smaps_rollup walks the page tables; the counters behind statm may be off by some 100 KB.
  if (const auto rollup = read_file("/proc/self/smaps_rollup", kMostProcFileBytes)) {
    if (const auto kibibytes = number_after(*rollup, "\nRss:")) return *kibibytes * 1024;
  }
  DW_TRY_ASSIGN(const std::string pages, read_file("/proc/self/statm", kMostProcFileBytes));
  const auto resident_pages = number_after(pages, " ");
  if (!resident_pages) return fail(ErrorCode::io, "/proc/self/statm reads \"{}\".", pages);
  return *resident_pages * page_size_bytes();
}

bool shows_gpu() {
  // Mesa's drivers and the vendors' have files here; NVIDIA's has its own.
  return access("/dev/dri", F_OK) == 0 || access("/dev/nvidiactl", F_OK) == 0;
}

}  // namespace driftwood::os
#endif
