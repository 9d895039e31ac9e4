// From the bytes of a program to what the device runs.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/error.h"
#include "device/device.h"
#include "model/model.h"

namespace driftwood::guest {

// Decodes, validates and compiles a program; its weights come from `model`, which is null for one
// that uses none. Equal programs over one model share one executable. Errors: those of
// graph::decode_program and Device::compile.
Result<std::shared_ptr<const device::Executable>> compile_program(
    device::Device& device, const model::Model* model, std::span<const std::byte> encoded);

// Whether a program was compiled with the weights of this model, which may be null.
bool uses_model(const device::Executable& executable, const model::Model* model);

}  // namespace driftwood::guest
