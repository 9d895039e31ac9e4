// The GPU kernels' code as it was compiled into this program, one module for each .slang file with
// entry points; the build makes the definition (cmake/DriftwoodKernels.cmake).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace driftwood::device::kernels {

// One .slang file in each language that a backend takes. Names of entry points are those of the
// kernel table.
struct KernelSource {
  std::string_view stem;  // "linear"
  std::span<const std::byte> spirv;
  std::span<const std::byte> metal;  // text
  std::span<const std::byte> cuda;   // text
};

std::span<const KernelSource> kernel_sources();

}  // namespace driftwood::device::kernels
