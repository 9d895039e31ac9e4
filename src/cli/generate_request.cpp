#include "cli/generate_request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

namespace driftwood::cli {

Result<std::string> GenerateRequest::to_json() const {
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
  try {
    return request.dump();
  } catch (const nlohmann::json::type_error& error) {
    // Its one complaint about a string; the text names the byte behind the exception's own id.
    const std::string_view text = error.what();
    return std::unexpected(
        Error(ErrorCode::invalid_argument,
              fmt::format("The prompt is not UTF-8: {}.", text.substr(text.find("] ") + 2))));
  }
}

}  // namespace driftwood::cli
