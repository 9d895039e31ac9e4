#include "cli/text_output.h"

#include <cstdio>

namespace driftwood::cli {

void TextOutput::print(std::string_view text) {
  if (text.empty()) return;
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  ends_with_newline_ = text.back() == '\n';
}

void TextOutput::end_line() {
  if (!ends_with_newline_) print("\n");
}

}  // namespace driftwood::cli
