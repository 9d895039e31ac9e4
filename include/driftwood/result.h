// Errors as values. Every function of Driftwood that can fail returns Result<T>; none throws across
// its border. An Error is a code, which says what the caller can do next, and whole sentences in
// the present tense that carry the value and the limit.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace driftwood {

enum class ErrorCode {
  invalid_argument,  // the call is wrong; correct it
  not_found,         // the named thing is not there
  corrupt,           // bytes from outside break their format
  unsupported,       // this build, device or version cannot do it
  limit,             // a stated limit is reached
  out_of_memory,     // host or device memory is exhausted
  device_lost,       // the device is gone; another one may serve
  io,                // the operating system refused or failed
  timeout,           // it did not finish in the time given
  cancelled,         // the caller asked to stop
  guest_failed,      // the guest trapped or broke the ABI; its actor is over
};

// The code's name as it is written above.
std::string_view name(ErrorCode code);

class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same error, its message opened by what was going on: "While opening model.safetensors:
  // ...".
  Error with_context(std::string_view context) const {
    return Error(code_, std::string(context) + ": " + message_);
  }

 private:
  ErrorCode code_;
  std::string message_;
};

template <typename T>
using Result = std::expected<T, Error>;

}  // namespace driftwood
