// Text to token ids and back, by the rules of a Hugging Face tokenizer.json.
#pragma once

#include <cstdint>
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

  // The text that ids[skip..] add to that of ids[..skip), special tokens left out. A character that is not
  // complete at the end is held back, or comes as U+FFFD with `complete`.
  // Errors: invalid_argument for skip above the count or an id outside the vocabulary.
  Result<std::string> decode_added(std::span<const std::int32_t> ids, std::size_t skip, bool complete) const;

 private:
  explicit Tokenizer(dw_tokenizer* handle);
  Result<std::string> decode(std::span<const std::int32_t> ids) const;

  dw_tokenizer* handle_;
  std::uint32_t vocabulary_size_;
};

}  // namespace driftwood::model
