// A request of driftwood.generate/1 (docs/generate.md) as the command line states it.
#pragma once

#include <driftwood/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace driftwood::cli {

struct GenerateRequest {
  static constexpr std::uint64_t kMostSeed = std::uint64_t{1} << 53;

  std::string prompt;  // used unless prompt_ids is given
  std::optional<std::vector<std::int32_t>> prompt_ids;
  std::optional<std::uint32_t> max_tokens;
  std::optional<double> temperature;
  std::optional<std::uint32_t> top_k;
  std::optional<double> top_p;
  std::optional<std::uint64_t> seed;
  bool ignore_eos = false;
  std::optional<std::uint32_t> prefill_piece;
  bool tokens = false;  // report single tokens instead of text
  std::uint32_t top_logprobs = 0;
  bool prompt_logprobs = false;

  // The message. Errors: invalid_argument when the prompt is not UTF-8, with the byte that breaks
  // it.
  Result<std::string> to_json() const;
};

}  // namespace driftwood::cli
