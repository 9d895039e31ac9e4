#if defined(__APPLE__)
#include <limits.h>
#include <mach-o/dyld.h>
#include <mach/mach.h>
#include <stdlib.h>
#include <sys/sysctl.h>

#include <algorithm>
#include <array>
#include <thread>

#include "os/process.h"

namespace driftwood::os {

// This system has neither affinity masks nor quotas for processes.
unsigned available_processor_count() {
  return std::max(std::thread::hardware_concurrency(), 1u);
}

std::string processor_name() {
  std::array<char, 256> text = {};
  std::size_t size = text.size() - 1;
  const int status = ::sysctlbyname("machdep.cpu.brand_string", text.data(), &size, nullptr, 0);
  return status == 0 ? text.data() : "unknown processor";
}

Result<std::string> program_folder() {
  std::array<char, PATH_MAX> path, resolved;
  auto size = static_cast<std::uint32_t>(path.size());
  if (::_NSGetExecutablePath(path.data(), &size) != 0 ||
      ::realpath(path.data(), resolved.data()) == nullptr) {
    return fail(ErrorCode::io, "The system does not say where this program is.");
  }
  const std::string program = resolved.data();
  return program.substr(0, program.rfind('/'));
}

Result<std::uint64_t> resident_bytes() {
  mach_task_basic_info info;
  mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
  const kern_return_t status = ::task_info(mach_task_self(), MACH_TASK_BASIC_INFO,
                                           reinterpret_cast<task_info_t>(&info), &count);
  if (status != KERN_SUCCESS) {
    return fail(ErrorCode::io, "The system does not tell the resident memory (status {}).", status);
  }
  return info.resident_size;
}

bool shows_gpu() {
  return true;  // every Mac has one
}

}  // namespace driftwood::os
#endif
