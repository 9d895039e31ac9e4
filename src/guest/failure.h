// Wasmtime's errors and traps as sentences.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "guest/wasmtime_handles.h"

namespace driftwood::guest {

// The text without control characters and cut to a length for a message, ended with a full stop.
// For what a guest or a file may have worded.
std::string sentence(std::string_view text);

// What an error says as a sentence: its first line and its root cause, without the backtrace
// between them.
std::string message_of(const wasmtime_error_t& error);

// The end of a guest by a trap, or by an error that a callback returned, with the reason and the
// function of the guest. One of the two is given. The code is guest_failed, or that of what ended
// the call from outside.
Error guest_failure(std::string_view export_name, const OwnedTrap& trap, const OwnedError& error,
                    const std::optional<Error>& ended_by);

}  // namespace driftwood::guest
