// Turns the records of driftwood.generate/1 into what `driftwood run` prints.
#pragma once

#include <driftwood/generate.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/text_output.h"

namespace driftwood::cli {

class RecordPrinter {
 public:
  explicit RecordPrinter(bool json) : json_(json) {}

  // Prints text, or one JSON line for a token, at once; keeps what belongs to the end.
  void take(std::string_view record);

  // The error that the guest reported, or that it broke off, if either is so.
  std::optional<Error> failure() const;

  bool ended_by_deadline() const { return reason_ == "deadline"; }

  // Ends the output: the JSON closing line, or, for a person at a terminal, a line with tokens per
  // second. `weight_bytes` is what each token reads at least.
  void finish(std::uint64_t weight_bytes);

 private:
  void print(const TokenRecord& record);
  double tokens_per_second() const;

  bool json_;
  TextOutput output_;
  UsageRecord usage_;
  std::string reason_;
  std::optional<std::string> stop_string_;
  std::optional<Error> failure_;
};

}  // namespace driftwood::cli
