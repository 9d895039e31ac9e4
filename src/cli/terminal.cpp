#include "cli/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace driftwood::cli {
namespace {

// A line that is not there must not be erased: text may stand in its place.
bool progress_is_shown = false;

}  // namespace

bool output_is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}
bool error_is_terminal() {
  return isatty(STDERR_FILENO) == 1;
}
bool input_is_terminal() {
  return isatty(STDIN_FILENO) == 1;
}

void take_standard_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // The lowest that is free, which is this one.
    (void)::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

void show_progress(std::string_view step) {
  if (!error_is_terminal()) return;
  say("\r\x1b[K{} ...", step);
  progress_is_shown = true;
}

void clear_progress() {
  if (!std::exchange(progress_is_shown, false)) return;
  say("\r\x1b[K");
}

std::string printable(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool next_is_c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (next_is_c1) ++i;
    shown += byte < 0x20 || byte == 0x7F || next_is_c1 ? '?' : text[i];
  }
  return shown;
}

}  // namespace driftwood::cli
