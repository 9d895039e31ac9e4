#include "cli/encode_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/fail.h"

namespace driftwood::cli {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr std::size_t kMostPieceBytes = std::size_t{16} << 20;
constexpr std::size_t kSurroundingBytes = 200;  // on either side of a cut
constexpr int kMostTries = 100;                 // places that are tried for one cut

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Printable ASCII; whatever else is there, a cut is not tried beside it.
bool is_visible(char byte) {
  return byte > ' ' && byte < '\x7f';
}

// Whether the ids around `place` are the same with a cut there.
Result<bool> may_cut(const Model& model, std::string_view text, std::size_t place) {
  std::size_t begin = place - std::min(place, kSurroundingBytes);
  std::size_t end = std::min(place + kSurroundingBytes, text.size());
  while (begin > 0 && is_continuation(text[begin])) --begin;
  while (end < text.size() && is_continuation(text[end])) ++end;
  const auto whole = model.encode(text.substr(begin, end - begin), false);
  auto cut = model.encode(text.substr(begin, place - begin), false);
  const auto rest = model.encode(text.substr(place, end - place), false);
  for (const auto* ids : {&whole, &std::as_const(cut), &rest}) {
    if (!*ids) return std::unexpected(ids->error());
  }
  cut->insert(cut->end(), rest->begin(), rest->end());
  return *whole == *cut;
}

// Where the piece that begins at `begin` ends: at a cut behind kPieceBytes, or with the text.
Result<std::size_t> piece_end(const Model& model, std::string_view text, std::size_t begin) {
  if (text.size() - begin <= kPieceBytes) return text.size();
  std::size_t place = begin + kPieceBytes;
  for (int tries = 0; tries < kMostTries; ++tries) {
    place = text.find('\n', place);
    if (place >= text.size() - 1 || place - begin > kMostPieceBytes) break;
    ++place;
    if (!is_visible(text[place - 2]) || !is_visible(text[place])) continue;
    const auto safe = may_cut(model, text, place);
    if (!safe) return std::unexpected(safe.error());
    if (*safe) return place;
  }
  if (text.size() - begin <= kMostPieceBytes) return text.size();
  return fail(ErrorCode::limit,
              "The text cannot be cut into pieces for this tokenizer behind its byte {}; {} bytes "
              "are left, and the limit of one piece is {} bytes.",
              begin, text.size() - begin, kMostPieceBytes);
}

}  // namespace

Result<std::vector<std::int32_t>> encode_text(
    const Model& model, std::string_view text,
    const std::function<void(std::size_t bytes)>& on_progress) {
  std::vector<std::int32_t> ids;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = piece_end(model, text, begin);
    if (!end) return std::unexpected(end.error());
    const auto piece = model.encode(text.substr(begin, *end - begin), false);
    if (!piece) {
      return std::unexpected(
          piece.error().with_context(fmt::format("In the text from its byte {} on", begin)));
    }
    ids.insert(ids.end(), piece->begin(), piece->end());
    begin = *end;
    on_progress(begin);
  }
  return ids;
}

}  // namespace driftwood::cli
