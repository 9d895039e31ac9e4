#include "device/vulkan/outcome.h"

#include <algorithm>

namespace driftwood::device::vulkan {
namespace {

struct Known {
  VkResult result;
  std::string_view name;
  ErrorCode code;
};

#define VULKAN_KNOWN(name, code) {name, #name, ErrorCode::code}
constexpr Known kKnown[] = {
    VULKAN_KNOWN(VK_NOT_READY, timeout),
    VULKAN_KNOWN(VK_TIMEOUT, timeout),
    VULKAN_KNOWN(VK_INCOMPLETE, io),
    VULKAN_KNOWN(VK_ERROR_OUT_OF_HOST_MEMORY, out_of_memory),
    VULKAN_KNOWN(VK_ERROR_OUT_OF_DEVICE_MEMORY, out_of_memory),
    VULKAN_KNOWN(VK_ERROR_TOO_MANY_OBJECTS, out_of_memory),
    VULKAN_KNOWN(VK_ERROR_FRAGMENTED_POOL, out_of_memory),
    VULKAN_KNOWN(VK_ERROR_DEVICE_LOST, device_lost),
    VULKAN_KNOWN(VK_ERROR_INITIALIZATION_FAILED, unsupported),
    VULKAN_KNOWN(VK_ERROR_MEMORY_MAP_FAILED, io),
    VULKAN_KNOWN(VK_ERROR_LAYER_NOT_PRESENT, unsupported),
    VULKAN_KNOWN(VK_ERROR_EXTENSION_NOT_PRESENT, unsupported),
    VULKAN_KNOWN(VK_ERROR_FEATURE_NOT_PRESENT, unsupported),
    VULKAN_KNOWN(VK_ERROR_INCOMPATIBLE_DRIVER, unsupported),
    VULKAN_KNOWN(VK_ERROR_INVALID_EXTERNAL_HANDLE, unsupported),
    VULKAN_KNOWN(VK_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS, unsupported),
    VULKAN_KNOWN(VK_ERROR_INVALID_SHADER_NV, unsupported),
    VULKAN_KNOWN(VK_ERROR_UNKNOWN, io),
};
#undef VULKAN_KNOWN

const Known* find(VkResult result) {
  const auto* const known = std::ranges::find(kKnown, result, &Known::result);
  return known == std::end(kKnown) ? nullptr : known;
}

}  // namespace

std::string name_of(VkResult result) {
  const Known* const known = find(result);
  return known == nullptr ? fmt::format("VkResult {}", static_cast<int>(result))
                          : std::string(known->name);
}

Result<void> check(VkResult result, std::string_view call) {
  if (result == VK_SUCCESS) return {};
  const Known* const known = find(result);
  return fail(known == nullptr ? ErrorCode::io : known->code, "{} answers {}.", call,
              name_of(result));
}

}  // namespace driftwood::device::vulkan
