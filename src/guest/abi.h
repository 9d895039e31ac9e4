// The numbers of the guest ABI as the host uses them. The records (dw_binding and others) hold u32
// fields only, so that they are the same bytes here as in WebAssembly.
#pragma once

#include <cstdint>

#include "../../sdk/driftwood.h"
#include "core/error.h"

namespace driftwood::guest {

// The DW_E_* code of an error.
std::int32_t abi_code(ErrorCode code);

// The error of a DW_E_* code; invalid_argument for a number that is none.
ErrorCode error_code(std::int32_t code);

// The name of the error with this DW_E_* code, or "unknown".
std::string_view abi_code_name(std::int32_t code);

}  // namespace driftwood::guest
