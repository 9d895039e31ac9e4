#include "device/state_bytes.h"

#include <algorithm>

#include "device/device.h"

namespace driftwood::device {

Result<void> write_state(Device& device, const BufferPlace& to, std::span<const std::byte> bytes) {
  std::byte* const contents = to.buffer->contents();
  if (contents == nullptr) {
    return device.upload(*to.buffer, to.offset_bytes, bytes, Purpose::state);
  }
  std::ranges::copy(bytes, contents + to.offset_bytes);
  return {};
}

Result<void> read_state(Device& device, const BufferPlace& from, std::span<std::byte> bytes) {
  const std::byte* const contents = from.buffer->contents();
  if (contents == nullptr) {
    return device.download(*from.buffer, from.offset_bytes, bytes, Purpose::state);
  }
  std::copy_n(contents + from.offset_bytes, bytes.size(), bytes.begin());
  return {};
}

}  // namespace driftwood::device
