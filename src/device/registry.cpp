#include "device/registry.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "device/cpu/cpu_device.h"
#include "device/null/null_device.h"
#include "os/process.h"
#ifdef DRIFTWOOD_VULKAN
#include "device/vulkan/vulkan_device.h"
#endif

namespace driftwood::device {
namespace {

// "vulkan:1" as a kind and a number; the number is 0 where there is none.
struct DeviceName {
  std::string_view kind;
  std::size_t index = 0;
};

std::optional<DeviceName> split(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return DeviceName{name};
  DeviceName split{name.substr(0, colon)};
  const std::string_view digits = name.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), split.index);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return split;
}

#ifdef DRIFTWOOD_VULKAN
Result<std::unique_ptr<Device>> open_vulkan(std::size_t index, const DeviceOptions& options) {
  return vulkan::open_vulkan_device({.index = index,
                                     .cache_folder = options.cache_folder,
                                     .instance = {.validate = options.validate},
                                     .on_upload = options.on_upload});
}

std::vector<DeviceDescription> list_vulkan(bool in_software) {
  const auto gpus = vulkan::list_gpus();
  if (!gpus) {
    if (!in_software) return {};
    return {{"vulkan", "Vulkan", gpus.error().message()}};
  }
  std::vector<DeviceDescription> listed;
  for (std::size_t i = 0; i < gpus->size(); ++i) {
    const vulkan::GpuDescription& gpu = (*gpus)[i];
    if (gpu.is_software != in_software) continue;
    listed.push_back(
        {fmt::format("vulkan:{}", i), fmt::format("{} ({})", gpu.name, gpu.driver), gpu.missing});
  }
  return listed;
}
#endif

}  // namespace

std::vector<std::string> device_names() {
#ifdef DRIFTWOOD_VULKAN
  return {"cpu", "vulkan", "null"};
#else
  return {"cpu", "null"};
#endif
}

std::vector<DeviceDescription> list_devices() {
  std::vector<DeviceDescription> all;
#ifdef DRIFTWOOD_VULKAN
  all = list_vulkan(false);
#endif
  all.push_back({"cpu", cpu::describe_cpu(), ""});
#ifdef DRIFTWOOD_VULKAN
  std::ranges::move(list_vulkan(true), std::back_inserter(all));
#else
  all.push_back(
      {"vulkan", "Vulkan",
       "This build has no Vulkan: slangc or Vulkan's headers were missing (tools/setup)."});
#endif
  // What cannot be used comes last, the order being kept otherwise.
  const auto usable = [](const DeviceDescription& one) { return one.missing.empty(); };
  std::vector<DeviceDescription> sorted;
  std::ranges::copy_if(all, std::back_inserter(sorted), usable);
  std::ranges::copy_if(all, std::back_inserter(sorted), std::not_fn(usable));
  return sorted;
}

Result<std::unique_ptr<Device>> open_device(std::string_view name, const DeviceOptions& options) {
  if (name == "auto") {
    // Loading Vulkan's drivers takes longer than all else at the start.
    const std::string best = os::shows_gpu() ? list_devices().front().name : "cpu";
    return open_device(best, options);
  }
  if (const auto wanted = split(name)) {
    if (name == "cpu") return cpu::open_cpu_device(options.thread_count, options.isa);
    if (name == "null") return null::open_null_device();
#ifdef DRIFTWOOD_VULKAN
    if (wanted->kind == "vulkan") return open_vulkan(wanted->index, options);
#endif
  }
  std::vector<std::string> names = device_names();
  std::erase(names, "null");  // computes nothing; it is for tests
  return fail(ErrorCode::not_found, "There is no device \"{}\"; there are auto, {}.", name,
              fmt::join(names, ", "));
}

std::uint64_t validation_message_count() {
#ifdef DRIFTWOOD_VULKAN
  return vulkan::Instance::validation_message_count();
#else
  return 0;
#endif
}

}  // namespace driftwood::device
