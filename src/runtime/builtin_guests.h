// The guests that are linked into this library.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/error.h"

namespace driftwood {

// WebAssembly bytes of a built-in guest; they live for ever. Errors: not_found, with the known
// names.
Result<std::span<const std::byte>> builtin_guest_bytes(std::string_view name);

}  // namespace driftwood
