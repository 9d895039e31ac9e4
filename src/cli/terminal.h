// What a person at a terminal sees beside the result. In a pipe or a file nothing is shown.
#pragma once

#include <string>
#include <string_view>

namespace driftwood::cli {

// Whether standard output and standard error go to a person, and whether standard input comes from
// one.
bool output_is_terminal();
bool error_is_terminal();
bool input_is_terminal();

// Shows what is going on in one line of standard error, replacing the one before.
void show_progress(std::string_view step);
void clear_progress();

// The text with each control character as "?", so that a name in a file cannot steer a terminal.
std::string printable(std::string_view text);

}  // namespace driftwood::cli
