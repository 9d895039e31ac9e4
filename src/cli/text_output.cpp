#include "cli/text_output.h"

#include <cerrno>
#include <cstdio>

namespace driftwood::cli {
namespace {

std::optional<int> first_failure;

}  // namespace

std::optional<int> TextOutput::failure() {
  return first_failure;
}

void TextOutput::print(std::string_view text) {
  if (text.empty()) return;
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!written && !first_failure) first_failure = errno;
  ends_with_newline_ = text.back() == '\n';
}

void TextOutput::end_line() {
  if (!ends_with_newline_) print("\n");
}

}  // namespace driftwood::cli
