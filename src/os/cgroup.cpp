#include "os/cgroup.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "os/file.h"

namespace driftwood::os {
namespace {

constexpr std::uint64_t kMostFileBytes = 4096;
constexpr std::uint64_t kMostProcessors = 1 << 20;

// Takes the text up to `separator`, and it, off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

// The words "max" and "-1", which stand for no quota, are no numbers here.
std::optional<unsigned> processors(std::string_view quota, std::string_view period) {
  const auto quota_us = parse_number(quota);
  const auto period_us = parse_number(period);
  if (!quota_us || !period_us || *period_us == 0) return std::nullopt;
  const std::uint64_t rounded_up = *quota_us / *period_us + (*quota_us % *period_us != 0);
  return static_cast<unsigned>(std::clamp<std::uint64_t>(rounded_up, 1, kMostProcessors));
}

// The quota that the group in this folder states itself.
std::optional<unsigned> quota_of(const std::string& folder) {
  if (const auto both = read_file(folder + "/cpu.max", kMostFileBytes)) {
    std::string_view rest = *both;
    rest = take(rest, '\n');
    const std::string_view quota = take(rest, ' ');
    return processors(quota, rest);
  }
  const auto quota = read_file(folder + "/cpu.cfs_quota_us", kMostFileBytes);
  const auto period = read_file(folder + "/cpu.cfs_period_us", kMostFileBytes);
  if (!quota || !period) return std::nullopt;
  std::string_view quota_text = *quota, period_text = *period;
  return processors(take(quota_text, '\n'), take(period_text, '\n'));
}

bool lists_cpu(std::string_view controllers) {
  while (!controllers.empty()) {
    if (take(controllers, ',') == "cpu") return true;
  }
  return false;
}

// The least quota of the group `path` under `mount` and of the groups around it.
std::optional<unsigned> least_quota(const std::string& mount, std::string_view path) {
  std::optional<unsigned> least;
  for (;;) {
    if (path == "/") path = "";
    const auto quota = quota_of(mount + std::string(path));
    if (quota) least = std::min(*quota, least.value_or(*quota));
    const std::size_t parent_end = path.rfind('/');
    if (path.empty() || parent_end == std::string_view::npos) return least;
    path = path.substr(0, parent_end);
  }
}

}  // namespace

std::optional<unsigned> cgroup_processor_quota(std::string_view membership,
                                               const std::string& root) {
  std::optional<unsigned> least;
  while (!membership.empty()) {
    // A line is "number:controllers:path"; version 2 has no controllers there.
    std::string_view path = take(membership, '\n');
    take(path, ':');
    const std::string controllers(take(path, ':'));
    std::optional<unsigned> quota;
    if (controllers.empty()) {
      quota = least_quota(root, path);
    } else if (lists_cpu(controllers)) {
      quota = least_quota(root + "/" + controllers, path);
    }
    if (quota) least = std::min(*quota, least.value_or(*quota));
  }
  return least;
}

}  // namespace driftwood::os
