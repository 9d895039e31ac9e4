#include "guest/log_lines.h"

#include <algorithm>

namespace driftwood::guest {

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
  }
  return clean;
}

void log_line(log::Level level, std::string_view line) {
  if (log::enabled(level)) log::write(level, "guest: " + printable(line));
}

void LogLines::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::size_t line_bytes = std::min(newline, bytes.size());
    const std::size_t taken = std::min(line_bytes, kMostLogLineBytes - waiting_.size());
    waiting_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    const bool ended = !bytes.empty() && bytes.front() == '\n';
    if (ended) bytes.remove_prefix(1);
    if (ended || waiting_.size() == kMostLogLineBytes) {
      log_line(level_, waiting_);
      waiting_.clear();
    }
  }
}

void LogLines::flush() {
  if (!waiting_.empty()) log_line(level_, waiting_);
  waiting_.clear();
}

}  // namespace driftwood::guest
