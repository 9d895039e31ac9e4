// What kernels are judged by, measured with the GPU's own clock.
#pragma once

#include "core/error.h"
#include "device/device.h"
#include "device/vulkan/pipelines.h"
#include "device/vulkan/run.h"

namespace driftwood::device::vulkan {

// How fast a kernel reads all of a buffer. Errors: those of the driver.
Result<ReadPeak> measure_read_peak(const Workshop& workshop, Pipelines& pipelines,
                                   const VulkanBuffer& buffer);

// Fused multiply-adds of f32 a second, times two. Errors: those of the driver.
Result<double> measure_arithmetic_peak(const Workshop& workshop, Pipelines& pipelines);

}  // namespace driftwood::device::vulkan
