// The bytes of states on their way between host and device: in place where the host can reach them,
// and otherwise as a copy that is counted for Purpose::state.
#pragma once

#include <cstddef>
#include <span>

#include "core/error.h"
#include "device/buffer.h"

namespace driftwood::device {

class Device;

// Precondition for both: the bytes fit into the buffer. Errors: those of the device.
Result<void> write_state(Device& device, const BufferPlace& to, std::span<const std::byte> bytes);
Result<void> read_state(Device& device, const BufferPlace& from, std::span<std::byte> bytes);

}  // namespace driftwood::device
