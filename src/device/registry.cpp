#include "device/registry.h"

#include <fmt/ranges.h>

#include "device/cpu/cpu_device.h"
#include "device/null/null_device.h"

namespace driftwood::device {

std::vector<std::string> device_names() {
  return {"cpu", "null"};
}

Result<std::unique_ptr<Device>> open_device(std::string_view name, const DeviceOptions& options) {
  if (name == "auto" || name == "cpu") {
    return cpu::open_cpu_device(options.thread_count, options.isa);
  }
  if (name == "null") return null::open_null_device();
  std::vector<std::string> names = device_names();
  std::erase(names, "null");  // computes nothing; it is for tests
  return fail(ErrorCode::not_found, "There is no device \"{}\"; there are auto, {}.", name,
              fmt::join(names, ", "));
}

}  // namespace driftwood::device
