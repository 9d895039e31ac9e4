// The text of tokens as they come. A few ids before the new ones are decoded with them, because
// what a token reads as depends on its neighbours; never the whole history.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "driftwood_result.hpp"

namespace driftwood::guests::llama {

// The text that ids[skip..] add to that of ids[..skip); see dw_tokens_decode.
using Decode = std::function<sdk::Result<std::string>(std::span<const std::int32_t> ids,
                                                      std::size_t skip, bool complete)>;

class TokenText {
 public:
  // `before`: the ids that the text to come follows.
  TokenText(Decode decode, std::span<const std::int32_t> before);

  // The text that this id completes; empty while a character is incomplete, for special tokens and
  // for ids that the tokenizer does not know. With `last` nothing is held back: what is incomplete
  // comes as U+FFFD.
  std::string add(std::int32_t id, bool last);

  // What is held back, as U+FFFD; empty if nothing is.
  std::string finish();

 private:
  static constexpr std::size_t kNeighbours = 8;    // ids decoded before the new ones
  static constexpr std::size_t kMostPending = 32;  // ids after which held-back bytes are given up

  // The part of `text`, that of the ids since the neighbours, which was not reported yet.
  std::string take_new(const std::string& text);

  Decode decode_;
  std::vector<std::int32_t> ids_;   // neighbours, then those since
  std::size_t skip_;                // how many of them are neighbours
  std::size_t reported_bytes_ = 0;  // of the text of those since
};

}  // namespace driftwood::guests::llama
