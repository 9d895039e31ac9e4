// Errors of guests: values, as everywhere in Driftwood. A failed import gives its code and its
// sentence.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "driftwood.h"

namespace driftwood::sdk {

struct Error {
  std::int32_t code;    // DW_E_*
  std::string message;  // whole sentences with the value and the limit
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::int32_t code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

// The name of a code in records: "invalid_argument".
inline std::string_view code_name(std::int32_t code) {
  switch (code) {
    case DW_E_INVALID:
      return "invalid_argument";
    case DW_E_NOT_FOUND:
      return "not_found";
    case DW_E_CORRUPT:
      return "corrupt";
    case DW_E_UNSUPPORTED:
      return "unsupported";
    case DW_E_LIMIT:
      return "limit";
    case DW_E_MEMORY:
      return "out_of_memory";
    case DW_E_DEVICE:
      return "device_lost";
    case DW_E_IO:
      return "io";
    case DW_E_TIMEOUT:
      return "timeout";
    case DW_E_CANCELLED:
      return "cancelled";
    default:
      return "unknown";
  }
}

// Reads a text of unknown size: `read(char* out, uint32_t capacity)` returns the whole size or an
// error code.
template <typename Read>
std::int32_t read_text(std::string& text, Read&& read) {
  std::int32_t size = read(text.data(), static_cast<std::uint32_t>(text.size()));
  while (size > static_cast<std::int32_t>(text.size())) {
    text.resize(static_cast<std::size_t>(size));
    size = read(text.data(), static_cast<std::uint32_t>(text.size()));
  }
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return size;
}

// The error of an import that just gave this code.
inline Error last_error(std::int32_t code) {
  std::string message;
  read_text(message, dw_error_text);
  if (message.empty()) message = "The host reports the error " + std::string(code_name(code)) + ".";
  return {code, std::move(message)};
}

// What an import returned, as a value or its error.
inline Result<std::uint32_t> checked(std::int32_t result) {
  if (result < 0) return std::unexpected(last_error(result));
  return static_cast<std::uint32_t>(result);
}

inline Result<void> succeeded(std::int32_t result) {
  if (result < 0) return std::unexpected(last_error(result));
  return {};
}

inline void log(dw_log_level level, std::string_view text) {
  dw_log(level, text.data(), static_cast<std::uint32_t>(text.size()));
}

// Of a clock that never goes back.
inline std::uint64_t now_ns() {
  std::uint64_t now = 0;
  dw_now(&now);
  return now;
}

inline void write_output(std::string_view record) {
  dw_output_write(record.data(), static_cast<std::uint32_t>(record.size()));
}

}  // namespace driftwood::sdk
