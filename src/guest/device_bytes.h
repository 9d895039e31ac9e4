// What a guest takes of the device's memory, against its limit: its states in whole blocks, its
// registers, and the blocks and temporaries of the run that it asked for; and its programs.
#pragma once

#include <cstdint>
#include <span>

#include "core/error.h"
#include "guest/guest_state.h"

namespace driftwood::guest {

// Whether `added_bytes` more may be taken. Errors: limit.
Result<void> check_device_bytes(const GuestState& guest, std::uint64_t added_bytes);

// Whether a run of `graph` may be asked for. Precondition: every state slot is bound, each to a
// state of its own. Errors: limit.
Result<void> check_run_bytes(const GuestState& guest, const Graph& graph,
                             std::span<const std::uint32_t> symbols);

// Whether programs of `added_bytes` more, as encoded, may be compiled. Errors: limit.
Result<void> check_program_bytes(const GuestState& guest, std::uint64_t added_bytes);

}  // namespace driftwood::guest
