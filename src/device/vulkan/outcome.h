// What Vulkan's calls answer, as this project's errors.
#pragma once

#include <string_view>

#include "core/error.h"
#include "device/vulkan/functions.h"

namespace driftwood::device::vulkan {

// "VK_ERROR_DEVICE_LOST", or "VkResult -42" for one without a known name.
std::string name_of(VkResult result);

// Nothing for VK_SUCCESS, otherwise an error that names the call. Errors: out_of_memory;
// device_lost; timeout; unsupported where a feature, layer, extension or driver is missing; io for
// all else.
Result<void> check(VkResult result, std::string_view call);

}  // namespace driftwood::device::vulkan
