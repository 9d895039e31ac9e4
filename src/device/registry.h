// Which devices there are. The only place that names backends.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "device/device.h"

namespace driftwood::device {

struct DeviceOptions {
  unsigned thread_count = 0;  // of the CPU device; 0: as many as the process may use
  std::string isa;  // of the CPU device: "avx2", "avx512", "neon", "portable"; empty: the best one
};

// Names that open_device takes on this machine, best first. `null` computes nothing and comes last.
std::vector<std::string> device_names();

// Opens a device by name; "auto" is the best one.
// Errors: not_found for an unknown name, with the known ones; unsupported for one that is not
// usable here.
Result<std::unique_ptr<Device>> open_device(std::string_view name, const DeviceOptions& options);

}  // namespace driftwood::device
