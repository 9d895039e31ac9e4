// A guest that writes each line of its prompt as a record of its own, whatever that is.
#define JSON_NOEXCEPTION
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "driftwood.h"

std::int32_t driftwood_start() {
  return DW_NEXT_IDLE;
}

std::int32_t driftwood_resume(std::int32_t event, std::int32_t) {
  if (event != DW_EVENT_MESSAGE) return DW_NEXT_IDLE;
  std::string message(static_cast<std::size_t>(dw_message_read(nullptr, 0)), '\0');
  dw_message_read(message.data(), static_cast<std::uint32_t>(message.size()));
  const auto request = nlohmann::json::parse(message, nullptr, false);
  std::istringstream lines(request.value("prompt", std::string()));
  for (std::string line; std::getline(lines, line);) {
    dw_output_write(line.data(), static_cast<std::uint32_t>(line.size()));
  }
  return DW_NEXT_IDLE;
}
