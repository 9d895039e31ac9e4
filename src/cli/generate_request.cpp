#include "cli/generate_request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

namespace driftwood::cli {
namespace {

// The position of the first byte that is no part of a UTF-8 character (RFC 3629), if there is one.
std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
    if (size == 0) return i;
    // The second byte of a long form is narrower where it would encode too little or too much.
    const unsigned least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (size > 1 && (byte(i + 1) < least || byte(i + 1) > most)) return i;
    for (std::size_t k = 2; k < size; ++k) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xBF) return i;
    }
    i += size;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> GenerateRequest::to_json() const {
  if (const auto position = find_invalid_utf8(prompt)) {
    return std::unexpected(Error(ErrorCode::invalid_argument,
                                 fmt::format("The prompt is not UTF-8 at byte {}.", *position)));
  }
  nlohmann::json request;
  if (prompt_ids) {
    request["prompt_ids"] = *prompt_ids;
  } else {
    request["prompt"] = prompt;
  }
  if (max_tokens) request["max_tokens"] = *max_tokens;
  if (temperature) request["temperature"] = *temperature;
  if (top_k) request["top_k"] = *top_k;
  if (top_p) request["top_p"] = *top_p;
  if (seed) request["seed"] = *seed;
  if (ignore_eos) request["ignore_eos"] = true;
  if (prefill_piece) request["prefill_piece"] = *prefill_piece;
  if (tokens) request["output"] = "tokens";
  if (top_logprobs > 0) request["top_logprobs"] = top_logprobs;
  if (prompt_logprobs) request["prompt_logprobs"] = true;
  return request.dump();
}

}  // namespace driftwood::cli
