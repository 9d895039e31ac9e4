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

// The same for a call that makes something: what it leaves in place of a handle when it fails means
// nothing, and is made null.
template <typename Handle>
Result<void> check_made(VkResult result, std::string_view call, Handle& made) {
  if (result != VK_SUCCESS) made = VK_NULL_HANDLE;
  return check(result, call);
}

}  // namespace driftwood::device::vulkan
