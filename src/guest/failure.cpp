#include "guest/failure.h"

#include "guest/log_lines.h"

namespace driftwood::guest {
namespace {

constexpr std::size_t kMostSentenceBytes = 1000;
constexpr std::string_view kCausedBy = "Caused by:";
constexpr std::string_view kBacktraceHead = "error while executing at wasm backtrace:";

std::string_view view(const wasm_byte_vec_t& bytes) {
  return {bytes.data, bytes.size};
}

std::string_view trim(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r\n") - first + 1);
}

// The last line under "Caused by:", where an error's chain ends; causes are numbered when there are
// more.
std::string_view root_cause(std::string_view text) {
  const std::size_t causes = text.rfind(kCausedBy);
  if (causes == std::string_view::npos) return {};
  std::string_view line = trim(text.substr(causes + kCausedBy.size()));
  if (const std::size_t newline = line.rfind('\n'); newline != std::string_view::npos) {
    line = trim(line.substr(newline));
  }
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (digits != 0 && digits != std::string_view::npos && line[digits] == ':') {
    line = trim(line.substr(digits + 1));
  }
  return line;
}

std::string summary(std::string_view text) {
  const std::string_view head = trim(text.substr(0, text.find('\n')));
  const std::string_view cause = root_cause(text);
  if (cause.empty()) return sentence(head);
  if (head == kBacktraceHead) return sentence(cause);
  return sentence(fmt::format("{}: {}", head, cause));
}

// "function 12 (matmul)" of the innermost frame, or nothing when there is none.
std::string innermost_function(const OwnedTrap& trap, const OwnedError& error) {
  OwnedFrames frames;
  if (trap != nullptr) {
    wasm_trap_trace(trap.get(), &frames);
  } else {
    wasmtime_error_wasm_trace(error.get(), &frames);
  }
  if (frames.size == 0) return {};
  std::string text = fmt::format(" in function {}", wasm_frame_func_index(frames.data[0]));
  if (const wasm_name_t* name = wasmtime_frame_func_name(frames.data[0]); name != nullptr) {
    text += fmt::format(" ({})", printable(view(*name), kMostNameBytes));
  }
  return text;
}

}  // namespace

std::string sentence(std::string_view text) {
  std::string ended = printable(text, kMostSentenceBytes);
  if (!ended.ends_with('.')) ended += '.';
  return ended;
}

std::string message_of(const wasmtime_error_t& error) {
  OwnedBytes text;
  wasmtime_error_message(&error, &text);
  return summary(view(text));
}

Error guest_failure(std::string_view export_name, const OwnedTrap& trap, const OwnedError& error,
                    const std::optional<Error>& ended_by) {
  std::string reason;
  if (trap != nullptr) {
    OwnedBytes text;
    wasm_trap_message(trap.get(), &text);
    // This one text ends with a zero.
    reason = summary(view(text).substr(0, text.size - 1));
  } else {
    reason = message_of(*error);
  }
  return Error(ended_by ? ended_by->code() : ErrorCode::guest_failed,
               fmt::format("The guest's {} ended{}: {}", export_name,
                           innermost_function(trap, error), reason));
}

}  // namespace driftwood::guest
