#include "model/config.h"

#include <nlohmann/json.hpp>

namespace driftwood::model {

Result<ConfigFacts> read_config(std::string_view text) {
  using nlohmann::json;
  // Keeps the first level only, so that a hostile depth costs nothing.
  const auto keep = [](int depth, json::parse_event_t, json&) { return depth <= 1; };
  json config;
  try {
    config = json::parse(text, keep);
  } catch (const json::parse_error& error) {
    return fail(ErrorCode::corrupt, "The text is not JSON: it breaks off at its byte {}.",
                error.byte);
  } catch (const json::exception&) {
    return fail(ErrorCode::corrupt, "The text is JSON with a number that is too large.");
  }
  if (!config.is_object()) {
    return fail(ErrorCode::corrupt, "The JSON is of type {}, not an object.", config.type_name());
  }
  const auto count_of = [&](const char* key) -> std::optional<std::uint64_t> {
    const auto value = config.find(key);
    if (value == config.end() || !value->is_number_unsigned()) return {};
    return value->get<std::uint64_t>();
  };
  return ConfigFacts{count_of("vocab_size"), count_of("max_position_embeddings")};
}

}  // namespace driftwood::model
