#include <algorithm>

#include "guest/abi_imports.h"

namespace driftwood::guest::abi {
namespace {

// Of one call, since nothing interrupts an import.
constexpr u32 kMostTextBytes = 4 << 20;
constexpr u32 kMostIds = 1 << 20;

// Holds the model, so that its tokenizer stays.
Result<std::shared_ptr<const model::Model>> find_with_tokenizer(GuestState& guest, u32 handle) {
  DW_TRY_ASSIGN(auto found, guest.handles.find<const model::Model>(handle));
  if (found->tokenizer == nullptr) {
    return fail(ErrorCode::not_found, "The model {} has no tokenizer.", found->name);
  }
  return found;
}

}  // namespace

Answer tokens_encode(GuestState& guest, u32 model, u32 text, u32 size, u32 add_special, u32 ids,
                     u32 capacity) {
  DW_TRY_ASSIGN(const auto found, find_with_tokenizer(guest, model));
  if (size > kMostTextBytes) {
    return fail(ErrorCode::limit, "The text to encode ({} bytes) is over the limit ({} bytes).",
                size, kMostTextBytes);
  }
  DW_TRY_ASSIGN(const std::string_view input, guest.memory.text(text, size));
  DW_TRY_ASSIGN(const std::span<std::byte> out,
                guest.memory.bytes(ids, std::uint64_t{capacity} * sizeof(std::int32_t)));
  DW_TRY_ASSIGN(const std::vector<std::int32_t> encoded,
                found->tokenizer->encode(input, add_special != 0));
  const std::size_t written = std::min<std::size_t>(capacity, encoded.size());
  std::ranges::copy(std::as_bytes(std::span(encoded).first(written)), out.begin());
  return encoded.size();
}

Answer tokens_decode(GuestState& guest, u32 model, u32 ids, u32 count, u32 skip, u32 complete,
                     u32 out, u32 capacity) {
  DW_TRY_ASSIGN(const auto found, find_with_tokenizer(guest, model));
  if (count > kMostIds) {
    return fail(ErrorCode::limit, "The number of ids to decode ({}) is over the limit ({}).", count,
                kMostIds);
  }
  DW_TRY_ASSIGN(const std::vector<std::int32_t> input,
                guest.memory.read_array<std::int32_t>(ids, count));
  DW_TRY_ASSIGN(const std::string added,
                found->tokenizer->decode_added(input, skip, complete != 0));
  return guest.memory.write_prefix(out, capacity, added);
}

}  // namespace driftwood::guest::abi
