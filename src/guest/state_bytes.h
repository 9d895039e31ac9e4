// What a guest's states take of the device, against its limit.
#pragma once

#include <cstdint>

#include "core/error.h"
#include "guest/guest_state.h"

namespace driftwood::guest {

// A sum of bytes that does not pass the guest's limit.
class StateBytes {
 public:
  explicit StateBytes(const GuestState& guest) : limit_bytes_(guest.services.limits.device_bytes) {}

  // Errors: limit.
  Result<void> add(std::uint64_t bytes);
  Result<void> add(const device::AppendState& state, std::uint64_t block_count);
  // Every register that the guest has made and that is alive.
  Result<void> add_registers(const GuestState& guest);

 private:
  std::uint64_t limit_bytes_;
  std::uint64_t sum_bytes_ = 0;
};

}  // namespace driftwood::guest
