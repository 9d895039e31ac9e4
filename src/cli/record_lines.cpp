#include "cli/record_lines.h"

#include <driftwood/generate.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

namespace driftwood::cli {

void RecordLines::take(std::string_view bytes) {
  if (failure_) return;
  if (!nlohmann::json::accept(bytes)) {
    failure_ = Error(ErrorCode::guest_failed, "The guest wrote a record that is no JSON.");
    return;
  }
  const auto record = parse_generate_record(bytes);
  if (record && std::holds_alternative<Error>(*record)) {
    failure_ = std::get<Error>(*record);
    return;
  }
  if (record && !json_) {
    if (const auto* text = std::get_if<TextRecord>(&*record)) return output_.print(text->text);
    if (!std::holds_alternative<TokenRecord>(*record)) return;
  }
  output_.end_line();
  // JSON has line breaks between its parts only, so that the bytes as they came are one line.
  std::string line(bytes);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  output_.print(line + "\n");
}

}  // namespace driftwood::cli
