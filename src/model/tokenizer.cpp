#include "model/tokenizer.h"

#include <driftwood_crates.hpp>

#include <algorithm>

namespace driftwood::model {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

const std::uint8_t* bytes_of(std::string_view text) {
  // UTF-8 is bytes on both sides.
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

// How many bytes a UTF-8 sequence that begins with `first` has; 0 if none begins so.
std::size_t sequence_size(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

bool is_continuation(std::uint8_t byte) {
  return (byte & 0xc0) == 0x80;
}

// Where two texts part, moved back to the beginning of a character.
std::size_t common_prefix_size(std::string_view a, std::string_view b) {
  const auto parting = std::ranges::mismatch(a, b);
  auto size = static_cast<std::size_t>(parting.in2 - b.begin());
  while (size > 0 && size < b.size() && is_continuation(static_cast<std::uint8_t>(b[size]))) --size;
  return size;
}

}  // namespace

Result<std::unique_ptr<const Tokenizer>> Tokenizer::from_json(std::string_view json) {
  dw_tokenizer* handle = nullptr;
  RustBytes error;
  if (!dw_tokenizer_new(bytes_of(json), json.size(), &handle, error.out())) {
    return fail(ErrorCode::corrupt, "The tokenizer cannot be read: {}.", error.text());
  }
  std::unique_ptr<Tokenizer> tokenizer(new Tokenizer(handle));
  const std::size_t size = dw_tokenizer_vocabulary_size(handle);
  if (size > kMostIds) {
    return fail(ErrorCode::corrupt, "The tokenizer's largest id ({}) is over the limit ({}).",
                size - 1, kMostIds - 1);
  }
  tokenizer->vocabulary_size_ = static_cast<std::uint32_t>(size);
  tokenizer->find_byte_tokens();
  return tokenizer;
}

Tokenizer::Tokenizer(dw_tokenizer* handle) : handle_(handle) {}

Tokenizer::~Tokenizer() {
  dw_tokenizer_free(handle_);
}

void Tokenizer::find_byte_tokens() {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string token = fmt::format("<0x{:02X}>", byte);
    std::uint32_t id = 0;
    if (!dw_tokenizer_token_id(handle_, bytes_of(token), token.size(), &id)) continue;
    byte_tokens_.emplace(static_cast<std::int32_t>(id), static_cast<std::uint8_t>(byte));
  }
  // Without a byte fallback in the decoder such tokens are plain text.
  const auto letter =
      std::ranges::find(byte_tokens_, 'A', &std::pair<const std::int32_t, std::uint8_t>::second);
  if (letter == byte_tokens_.end() || decode({&letter->first, 1}) != "A") byte_tokens_.clear();
}

Result<std::vector<std::int32_t>> Tokenizer::encode(std::string_view text, bool add_special) const {
  RustBytes ids;
  RustBytes error;
  if (!dw_tokenizer_encode(handle_, bytes_of(text), text.size(), add_special, ids.out(),
                           error.out())) {
    return fail(ErrorCode::invalid_argument, "A text of {} bytes cannot be encoded: {}.",
                text.size(), error.text());
  }
  std::vector<std::int32_t> result(ids.span().size() / sizeof(std::int32_t));
  // Packed native integers, as they were written.
  std::ranges::copy(ids.span(), std::as_writable_bytes(std::span(result)).begin());
  return result;
}

Result<std::string> Tokenizer::decode_added(std::span<const std::int32_t> ids, std::size_t skip,
                                            bool complete) const {
  if (skip > ids.size()) {
    return fail(ErrorCode::invalid_argument, "The ids to skip ({}) are more than there are ({}).",
                skip, ids.size());
  }
  for (const std::int32_t id : ids) {
    if (id < 0 || static_cast<std::uint32_t>(id) >= vocabulary_size_) {
      return fail(ErrorCode::invalid_argument, "Token id {} is outside the vocabulary (0 to {}).",
                  id, std::int64_t{vocabulary_size_} - 1);
    }
  }
  DW_TRY_ASSIGN(const std::string before, decode_whole_characters(ids.first(skip)));
  DW_TRY_ASSIGN(const std::string all, complete ? decode(ids) : decode_whole_characters(ids));
  return all.substr(common_prefix_size(before, all));
}

Result<std::string> Tokenizer::decode_whole_characters(std::span<const std::int32_t> ids) const {
  if (!byte_tokens_.empty()) return decode(ids.first(ids.size() - pending_byte_tokens(ids)));
  DW_TRY_ASSIGN(std::string text, decode(ids));
  // The decoder gives one U+FFFD for the bytes of an incomplete character. A true one looks the
  // same and is held back, too, but only until any id follows.
  if (text.ends_with(kReplacement)) text.resize(text.size() - kReplacement.size());
  return text;
}

std::size_t Tokenizer::pending_byte_tokens(std::span<const std::int32_t> ids) const {
  constexpr std::size_t kMostPending = 3;
  for (std::size_t count = 1; count <= std::min(kMostPending, ids.size()); ++count) {
    const auto found = byte_tokens_.find(ids[ids.size() - count]);
    if (found == byte_tokens_.end()) return 0;
    if (!is_continuation(found->second)) return sequence_size(found->second) > count ? count : 0;
  }
  return 0;
}

Result<std::string> Tokenizer::decode(std::span<const std::int32_t> ids) const {
  RustBytes text;
  RustBytes error;
  // Ids are not negative, so that their bits are those of the unsigned type.
  const auto* data = reinterpret_cast<const std::uint32_t*>(ids.data());
  if (!dw_tokenizer_decode(handle_, data, ids.size(), true, text.out(), error.out())) {
    return fail(ErrorCode::invalid_argument, "{} token ids cannot be decoded: {}.", ids.size(),
                error.text());
  }
  return text.text();
}

}  // namespace driftwood::model
