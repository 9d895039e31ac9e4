#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace driftwood::cli {

bool error_is_terminal() {
  return isatty(STDERR_FILENO) == 1;
}
bool input_is_terminal() {
  return isatty(STDIN_FILENO) == 1;
}

void show_progress(std::string_view step) {
  if (error_is_terminal()) fmt::print(stderr, "\r\x1b[K{} ...", step);
}

void clear_progress() {
  if (error_is_terminal()) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace driftwood::cli
