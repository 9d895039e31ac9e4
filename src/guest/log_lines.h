// What a guest says on the host's log. A guest's bytes reach a terminal here, so control characters
// are taken out and lines have a limit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/log.h"

namespace driftwood::guest {

inline constexpr std::size_t kMostLogLineBytes = 64 * 1024;

// The most of a name that a message tells: names are the guest's or a file's, and may be long.
inline constexpr std::size_t kMostNameBytes = 200;

// The text with each control character, those beyond ASCII (U+0080 to U+009F) too, replaced by a
// space. Of more than `most_bytes` it is cut between two characters, and ends with "...".
std::string printable(std::string_view text, std::size_t most_bytes = std::string_view::npos);

// Writes one line, marked as the guest's.
void log_line(log::Level level, std::string_view line);

// Cuts a stream of bytes into lines: at newlines, and where a line reaches kMostLogLineBytes.
class LogLines {
 public:
  explicit LogLines(log::Level level) : level_(level) {}

  void append(std::string_view bytes);
  // Writes what waits for its newline.
  void flush();

 private:
  log::Level level_;
  std::string waiting_;
};

}  // namespace driftwood::guest
