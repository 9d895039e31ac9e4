// Text that goes to standard output as it comes.
#pragma once

#include <optional>
#include <string_view>

namespace driftwood::cli {

class TextOutput {
 public:
  // Written at once.
  void print(std::string_view text);

  // Why something could not be written, as errno said, the first time that any output failed.
  static std::optional<int> failure();

  // Ends the last line, if there is one that is not ended.
  void end_line();

 private:
  bool ends_with_newline_ = true;
};

}  // namespace driftwood::cli
