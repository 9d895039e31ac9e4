// What the driver is given of a kernel's SPIR-V.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace driftwood::device::vulkan {

// What kernels take of a device at most; shader_test.cpp holds them to it.
inline constexpr std::uint32_t kMostThreads = 256;            // of a workgroup
inline constexpr std::uint32_t kMostSharedBytes = 32 * 1024;  // by a workgroup

// The module with one of its entry points, what that calls, and the memory that its workgroups
// share. Vulkan limits this memory by the sum over a module (VUID-RuntimeSpirv-Workgroup-06530),
// and a .slang file has some for each of several entry points. Errors: unsupported when there is no
// entry point of this name.
Result<std::vector<std::uint32_t>> shader_of(std::span<const std::byte> spirv,
                                             std::string_view entry);

}  // namespace driftwood::device::vulkan
