// A guest that hands the host a program which is none, and reports what the host says to it.
#include <string>

#include "driftwood.h"

std::int32_t driftwood_start() {
  return DW_NEXT_IDLE;
}

std::int32_t driftwood_resume(std::int32_t event, std::int32_t) {
  if (event != DW_EVENT_MESSAGE) return DW_NEXT_IDLE;
  const char program[64] = "DWPG but no more of a program than that";
  const std::int32_t graph = dw_graph_compile(0, program, sizeof(program));
  if (graph >= 0) return DW_NEXT_FINISHED;
  char text[512];
  const std::int32_t size = dw_error_text(text, sizeof(text));
  std::string sentence(text, size > 512 ? 512 : size);
  for (char& c : sentence) c = c == '"' ? '\'' : c;  // quotes would have to be escaped in JSON
  const std::string record =
      R"({"type":"error","code":"invalid_argument","message":")" + sentence + "\"}";
  dw_output_write(record.data(), static_cast<std::uint32_t>(record.size()));
  return DW_NEXT_IDLE;
}
