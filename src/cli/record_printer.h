// Turns the records of driftwood.generate/1 into what `driftwood run` prints.
#pragma once

#include <driftwood/result.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace driftwood::cli {

class RecordPrinter {
 public:
  explicit RecordPrinter(bool json) : json_(json) {}

  // Prints text, or one JSON line for a token, at once; keeps what belongs to the end.
  void take(std::string_view record);

  // The error that the guest reported, or that it broke off, if either is so.
  std::optional<Error> failure() const;

  // Ends the output: the JSON closing line, or, for a person at a terminal, a line with tokens per
  // second. `weight_bytes` is what each token reads at least.
  void finish(std::uint64_t weight_bytes) const;

 private:
  void take_text(const std::string& text);
  void take_token(const nlohmann::json& record);

  // Of the usage record; zeros until it comes.
  struct Usage {
    std::uint64_t prompt_tokens = 0, completion_tokens = 0, seed = 0;
    double prefill_ns = 0, decode_ns = 0;

    double tokens_per_second() const;
  };

  bool json_;
  bool ends_with_newline_ = true;
  Usage usage_;
  std::string reason_;
  std::optional<Error> failure_;
};

}  // namespace driftwood::cli
