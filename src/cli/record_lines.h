// What `driftwood run --input` prints of a guest's records, whichever protocol the guest speaks.
#pragma once

#include <driftwood/result.h>

#include <optional>
#include <string_view>

#include "cli/text_output.h"

namespace driftwood::cli {

class RecordLines {
 public:
  // `json`: every record is printed as the line of JSON that it is.
  explicit RecordLines(bool json) : json_(json) {}

  // Of the records of driftwood.generate/1 it prints the text, keeps an error and passes over usage
  // and done; any other JSON it prints as one line, at once. What is no JSON is a failure.
  void take(std::string_view record);

  // The first error that the guest reported or made.
  const std::optional<Error>& failure() const { return failure_; }

  // Ends the last line.
  void finish() { output_.end_line(); }

 private:
  bool json_;
  TextOutput output_;
  std::optional<Error> failure_;
};

}  // namespace driftwood::cli
