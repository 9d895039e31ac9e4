#include <limits>

#include "guest/abi.h"
#include "guest/abi_imports.h"

namespace driftwood::guest::abi {

std::int32_t to_guest(GuestState& guest, const Answer& answer) {
  if (!answer) {
    guest.error_text = answer.error().message();
    return abi_code(answer.error().code());
  }
  if (*answer > std::numeric_limits<std::int32_t>::max()) {
    guest.error_text = fmt::format("The answer ({}) does not fit into 31 bits.", *answer);
    return DW_E_LIMIT;
  }
  return static_cast<std::int32_t>(*answer);
}

Answer without_memory() {
  return fail(ErrorCode::out_of_memory, "The host has not the memory that this call needs.");
}

Answer abi_version(GuestState&) {
  return DW_ABI_VERSION;
}

Answer log(GuestState& guest, u32 level, u32 text, u32 size) {
  if (level > DW_LOG_ERROR) {
    return fail(ErrorCode::invalid_argument, "Log level ({}) is over {}.", level,
                static_cast<int>(DW_LOG_ERROR));
  }
  if (size > kMostLogLineBytes) {
    return fail(ErrorCode::limit, "The log line ({} bytes) is over the limit ({} bytes).", size,
                kMostLogLineBytes);
  }
  DW_TRY_ASSIGN(const std::string_view line, guest.memory.text(text, size));
  if (guest.log_budget.write(static_cast<driftwood::log::Level>(level), line)) return 0;
  return fail(ErrorCode::limit,
              "The log has no room for the line: the limit is {} bytes for one "
              "message.",
              guest.log_budget.most_bytes());
}

Answer error_text(GuestState& guest, u32 out, u32 capacity) {
  return guest.memory.write_prefix(out, capacity, guest.error_text);
}

}  // namespace driftwood::guest::abi
