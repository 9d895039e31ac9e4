// Text to token ids and back, by the rules of a Hugging Face tokenizer.json.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

struct dw_tokenizer;

namespace driftwood::model {

// Threads: const members may be called by several threads at once.
class Tokenizer {
 public:
  // Errors: corrupt with the reason.
  static Result<std::unique_ptr<const Tokenizer>> from_json(std::string_view json);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // The largest id plus one.
  std::uint32_t vocabulary_size() const { return vocabulary_size_; }

  // With add_special the file's post-processor runs, which usually puts a BOS first.
  // Errors: invalid_argument when the text is not UTF-8, with the byte's position.
  Result<std::vector<std::int32_t>> encode(std::string_view text, bool add_special) const;

  // The text that ids[skip..] add to that of ids[..skip), special tokens left out. A character that
  // is not complete at the end is held back, or comes as U+FFFD with `complete`. So the pieces of a
  // stream, each from the skip where the last one ended, are whole characters and make up the text
  // of all. Where later ids change earlier text (bytes that turn out to be no UTF-8), the piece
  // begins where the two texts part. Errors: invalid_argument for skip above the count or an id
  // outside the vocabulary.
  Result<std::string> decode_added(std::span<const std::int32_t> ids, std::size_t skip,
                                   bool complete) const;

 private:
  static constexpr std::uint32_t kMostIds = 1u << 31;

  explicit Tokenizer(dw_tokenizer* handle);
  void find_byte_tokens();
  Result<std::string> decode(std::span<const std::int32_t> ids) const;
  // decode() without the character that is not complete at the end.
  Result<std::string> decode_whole_characters(std::span<const std::int32_t> ids) const;
  // How many of the last ids are byte tokens that begin a character and do not end it.
  std::size_t pending_byte_tokens(std::span<const std::int32_t> ids) const;

  dw_tokenizer* handle_;
  std::uint32_t vocabulary_size_ = 0;
  // Byte by id of tokens such as <0xE4>, if the decoder turns them into bytes. It makes each byte
  // of a run that is not whole U+FFFD, complete characters included, so that the run's end has to
  // be found here.
  std::map<std::int32_t, std::uint8_t> byte_tokens_;
};

}  // namespace driftwood::model
