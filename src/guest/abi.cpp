#include "guest/abi.h"

#include <array>

namespace driftwood::guest {
namespace {

struct CodePair {
  ErrorCode host;
  std::int32_t guest;
};

// The first entry of a guest's code gives its name.
constexpr std::array kCodes = {
    CodePair{ErrorCode::invalid_argument, DW_E_INVALID},
    CodePair{ErrorCode::not_found, DW_E_NOT_FOUND},
    CodePair{ErrorCode::corrupt, DW_E_CORRUPT},
    CodePair{ErrorCode::unsupported, DW_E_UNSUPPORTED},
    CodePair{ErrorCode::limit, DW_E_LIMIT},
    CodePair{ErrorCode::out_of_memory, DW_E_MEMORY},
    CodePair{ErrorCode::device_lost, DW_E_DEVICE},
    CodePair{ErrorCode::io, DW_E_IO},
    CodePair{ErrorCode::timeout, DW_E_TIMEOUT},
    CodePair{ErrorCode::cancelled, DW_E_CANCELLED},
    // A guest learns of no other guest's end; the code is here so that every error has one.
    CodePair{ErrorCode::guest_failed, DW_E_INVALID},
};

}  // namespace

std::int32_t abi_code(ErrorCode code) {
  for (const CodePair& pair : kCodes) {
    if (pair.host == code) return pair.guest;
  }
  return DW_E_INVALID;
}

ErrorCode error_code(std::int32_t code) {
  for (const CodePair& pair : kCodes) {
    if (pair.guest == code) return pair.host;
  }
  return ErrorCode::invalid_argument;
}

std::string_view abi_code_name(std::int32_t code) {
  for (const CodePair& pair : kCodes) {
    if (pair.guest == code) return name(pair.host);
  }
  return "unknown";
}

}  // namespace driftwood::guest
