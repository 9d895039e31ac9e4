#include "guest/abi_imports.h"

namespace driftwood::guest::abi {
namespace {

// Of one call: a record takes memory of the host even when it is empty.
constexpr u32 kMostRecords = 65536;

// What the host keeps of its answers is the guest's to pay for. Errors: limit.
Result<void> check_input_log(const GuestState& guest) {
  const std::uint64_t most_bytes = guest.services.limits.input_log_bytes;
  if (guest.inputs.bytes().size() < most_bytes) return {};
  return fail(ErrorCode::limit,
              "The log of what the guest was given has {} bytes; with {} it is given no more times "
              "and random bits.",
              guest.inputs.bytes().size(), most_bytes);
}

}  // namespace

Answer message_read(GuestState& guest, u32 out, u32 capacity) {
  if (!guest.message) return fail(ErrorCode::not_found, "There is no message.");
  return guest.memory.write_prefix(out, capacity, *guest.message);
}

Answer output_write(GuestState& guest, u32 record, u32 size) {
  const std::uint64_t most_bytes = guest.services.limits.output_record_bytes;
  if (size > most_bytes) {
    return fail(ErrorCode::limit, "The output record ({} bytes) is over the limit ({} bytes).",
                size, most_bytes);
  }
  DW_TRY_ASSIGN(const std::string_view bytes, guest.memory.text(record, size));
  if (size > guest.services.limits.output_bytes - guest.output_bytes) {
    return fail(ErrorCode::limit,
                "The output record ({} bytes) is over what is left of the limit of one call ({} "
                "bytes, {} written).",
                size, guest.services.limits.output_bytes, guest.output_bytes);
  }
  if (guest.output_records == kMostRecords) {
    return fail(ErrorCode::limit, "The guest has written {} records in this call, the most it may.",
                kMostRecords);
  }
  ++guest.output_records;
  guest.output_bytes += size;
  guest.services.write_output(bytes);
  return 0;
}

// Both ask for the bytes first: what the host keeps for a replay is only what the guest received.
Answer random_seed(GuestState& guest, u32 out) {
  DW_TRY(guest.memory.bytes(out, sizeof(std::uint64_t)));
  DW_TRY(check_input_log(guest));
  const std::uint64_t bits = guest.services.random_bits();
  guest.inputs.random(bits);
  DW_TRY(guest.memory.write(out, bits));
  return 0;
}

Answer now(GuestState& guest, u32 out) {
  DW_TRY(guest.memory.bytes(out, sizeof(std::uint64_t)));
  DW_TRY(check_input_log(guest));
  const std::uint64_t now_ns = guest.now_ns();
  guest.inputs.time(now_ns);
  DW_TRY(guest.memory.write(out, now_ns));
  return 0;
}

}  // namespace driftwood::guest::abi
