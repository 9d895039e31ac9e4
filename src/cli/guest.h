// The guest that the user names.
#pragma once

#include <driftwood/runtime.h>

#include <string>

namespace driftwood::cli {

inline constexpr const char* kGuestHelp =
    "a .wasm file, or a built-in one: llama (default), mnist, vad";

// Empty: the guest "llama". Otherwise a file, if the text has a dot or a slash, or the name of a
// built-in guest. Errors: not_found; io; those of Runtime::compile_guest.
Result<GuestModule> find_guest(const Runtime& runtime, const std::string& guest);

}  // namespace driftwood::cli
