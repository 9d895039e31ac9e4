// What a person at a terminal sees beside the result. In a pipe or a file nothing is shown.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace driftwood::cli {

// Whether standard output and standard error go to a person, and whether standard input comes from
// one.
bool output_is_terminal();
bool error_is_terminal();
bool input_is_terminal();

// Says something on standard error. What cannot be written there is lost, and nothing else.
template <typename... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  const std::string text = fmt::format(format, std::forward<Args>(args)...);
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

// Has descriptors 0 to 2 taken where they were closed, so that no file that is opened later becomes
// standard output; reading and writing them fails as before.
void take_standard_streams();

// Shows what is going on in one line of standard error, replacing the one before.
void show_progress(std::string_view step);
void clear_progress();

// The text with each control character as "?", so that a name in a file cannot steer a terminal.
std::string printable(std::string_view text);

}  // namespace driftwood::cli
