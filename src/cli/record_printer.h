// Turns the records of driftwood.generate/1 into what `driftwood run` prints.
#pragma once

#include <driftwood/actor.h>
#include <driftwood/generate.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/record_lines.h"
#include "cli/saving.h"
#include "cli/text_output.h"

namespace driftwood::cli {

class RecordPrinter {
 public:
  // What the guest speaks. With `any`, what is no record of driftwood.generate/1 is printed as
  // RecordLines does it.
  enum class Protocol { generate, any };

  // `weight_bytes` is what each token reads at least.
  RecordPrinter(bool json, Protocol protocol, std::uint64_t weight_bytes)
      : json_(json), protocol_(protocol), weight_bytes_(weight_bytes), other_(json) {}

  // Prints text, or one JSON line for a token, at once; keeps what belongs to the end.
  void take(std::string_view record);

  // The error that the guest reported, or that it broke off, if either is so.
  std::optional<Error> failure(ActorStatus status) const;

  // Of the last answer.
  bool ended_by_deadline() const { return ended_by_deadline_; }

  // Ends the output: the JSON closing line, or, for a person at a terminal, a line with tokens per
  // second. A text that is to go on later ends as it is.
  void finish(const std::optional<Saved>& saved);

 private:
  void print(const TextRecord& record);
  void print(const TokenRecord& record);
  // Ends one answer; another one may follow.
  void end_answer(const std::optional<Saved>& saved);
  double tokens_per_second() const;

  bool json_;
  Protocol protocol_;
  std::uint64_t weight_bytes_;
  TextOutput output_;
  RecordLines other_;  // for what is not of this protocol
  bool took_other_ = false;
  bool ended_by_deadline_ = false;
  UsageRecord usage_;
  std::string reason_;
  std::optional<std::string> stop_string_;
  std::optional<Error> failure_;
};

}  // namespace driftwood::cli
