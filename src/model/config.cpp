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
  ConfigFacts facts;
  const auto vocab_size = config.find("vocab_size");
  if (vocab_size != config.end() && vocab_size->is_number_unsigned()) {
    facts.vocab_size = vocab_size->get<std::uint64_t>();
  }
  return facts;
}

}  // namespace driftwood::model
