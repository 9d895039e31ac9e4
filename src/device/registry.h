// Which devices there are. The only place that names backends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "device/device.h"

namespace driftwood::device {

// What an option may choose: one device of this machine, or what is missing for it.
struct DeviceDescription {
  std::string name;         // as open_device takes it: "cpu", "vulkan:1"
  std::string description;  // for people: "NVIDIA H200 (NVIDIA 570.86.15)"
  std::string missing;      // why it cannot be used, and what to do; empty if it can
};

// All that this build knows, best first; the one that "auto" takes comes first.
std::vector<DeviceDescription> list_devices();

using UploadProgress = std::function<void(std::uint64_t done_bytes, std::uint64_t all_bytes)>;

struct DeviceOptions {
  unsigned thread_count = 0;  // of the CPU device; 0: as many as the process may use
  std::string isa;  // of the CPU device: "avx2", "avx512", "neon", "portable"; empty: the best one
  std::string cache_folder;  // where kernels that a GPU's driver compiled are kept; empty: nowhere
  // Have every driver call checked by the GPU API's own validation layer, where the API has one:
  // for tests. What it says is logged as an error.
  bool validate = false;
  // Told while weights of a program are copied into a GPU's memory: how many bytes are there, of
  // how many. Not called where they are used in place.
  UploadProgress on_upload = {};
};

// The kinds of devices in this build. `null` computes nothing and comes last.
std::vector<std::string> device_names();

// Opens a device by name: a kind; a kind and a number, as "vulkan:1", where there may be several;
// or "auto", which is the first GPU that is none in software, and otherwise the CPU. Errors:
// not_found for an unknown name, with the known ones; unsupported for one that is not usable here.
Result<std::unique_ptr<Device>> open_device(std::string_view name, const DeviceOptions& options);

// What validation layers had to say so far, in all of the process.
std::uint64_t validation_message_count();

}  // namespace driftwood::device
