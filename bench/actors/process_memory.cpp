#include "actors/process_memory.h"

#include <fstream>
#include <sstream>

namespace driftwood::costs {

Result<std::uint64_t> memory_field(const std::string& file, const std::string& field) {
  std::ifstream lines(file);
  if (!lines) {
    return fail(ErrorCode::unsupported, "\"{}\" is missing: this measurement needs Linux.", file);
  }
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(field + ":")) continue;
    std::uint64_t kibibytes = 0;
    std::istringstream(line.substr(field.size() + 1)) >> kibibytes;
    return kibibytes * 1024;
  }
  return fail(ErrorCode::not_found, "\"{}\" has no field \"{}\".", file, field);
}

Result<std::uint64_t> shared_memory_bytes() {
  return memory_field("/proc/meminfo", "Shmem");
}

}  // namespace driftwood::costs
