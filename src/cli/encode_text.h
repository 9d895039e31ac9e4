// A text of any length to token ids.
#pragma once

#include <driftwood/model.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace driftwood::cli {

// Encodes in pieces of about 1 MiB, since a tokenizer takes many times the text's size in memory.
// A piece ends behind a line break between two words where the tokenizer itself shows that it may
// be cut there: it encodes what is around that place to the same ids in one piece and in two. No
// special tokens are added. `on_progress` is given how many bytes are done.
// Errors: those of Model::encode; limit for a text above 16 MiB that cannot be cut.
Result<std::vector<std::int32_t>> encode_text(
    const Model& model, std::string_view text,
    const std::function<void(std::size_t bytes)>& on_progress);

}  // namespace driftwood::cli
