// Checks of the host's own invariants. They stay on in release builds. No number that a guest or a
// file chose may reach a check: such a number is answered with an error.
#pragma once

namespace driftwood {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace driftwood

// Ends the process with the place and the condition if `condition` is false.
#define DW_CHECK(condition)                                                      \
  do {                                                                           \
    if (!(condition)) ::driftwood::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
