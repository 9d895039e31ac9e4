#include "guest/log_lines.h"

#include <algorithm>
#include <utility>

namespace driftwood::guest {

namespace {

// The bytes of the control character that the text begins with, in UTF-8; 0 when it is another.
std::size_t control_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  const bool two = text.size() > 1 && byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f;
  return two ? 2 : 0;
}

// The whole characters in the first `most_bytes`. Precondition: the text is longer.
std::string_view cut(std::string_view text, std::size_t most_bytes) {
  while (most_bytes > 0 && (static_cast<unsigned char>(text[most_bytes]) & 0xc0) == 0x80) {
    --most_bytes;
  }
  return text.substr(0, most_bytes);
}

}  // namespace

std::string printable(std::string_view text, std::size_t most_bytes) {
  const bool whole = text.size() <= most_bytes;
  if (!whole) text = cut(text, most_bytes);
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t control = control_bytes(text);
    clean += control > 0 ? ' ' : text.front();
    text.remove_prefix(std::max<std::size_t>(control, 1));
  }
  return whole ? clean : clean + "...";
}

bool LogBudget::write(log::Level level, std::string_view line) {
  if (used_bytes_ > most_bytes_) return false;
  used_bytes_ += line.size() + kLineBytes;
  if (used_bytes_ > most_bytes_) {
    log::warning("The guest's next lines are left out: it may write {} bytes for one message.",
                 most_bytes_);
    return false;
  }
  if (log::enabled(level)) log::write(level, "guest: " + printable(line));
  return true;
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
      budget_.write(level_, std::exchange(waiting_, {}));
    }
  }
}

void LogLines::flush() {
  if (!waiting_.empty()) budget_.write(level_, std::exchange(waiting_, {}));
}

}  // namespace driftwood::guest
