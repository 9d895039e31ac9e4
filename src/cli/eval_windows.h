// How a text's tokens are cut into windows that a model scores one by one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace driftwood::cli {

enum class EvalProtocol {
  // Every token is scored once. Windows overlap by half a context, so that each token but those of
  // the first window has at least half a context before it. A BOS stands in front of each window.
  stride,
  // As llama.cpp's perplexity tool does it: the tokens, a BOS in front, are cut into windows that
  // do not overlap; the tail that fills none is dropped; the first token of each becomes the BOS;
  // scored are those behind the first half, but for the first of them.
  llama_cpp,
};

struct Window {
  std::vector<std::int32_t> ids;  // at most a context
  std::uint32_t score_from;       // the first of them that is scored; all that follow are, too
};

// `ids` outlive it. `bos`: nothing for a tokenizer that puts none in front of a text.
class EvalWindows {
 public:
  // `context` is at least 4.
  EvalWindows(EvalProtocol protocol, std::uint32_t context, std::optional<std::int32_t> bos,
              const std::vector<std::int32_t>& ids);

  std::size_t count() const;  // 0 for a text that is too short
  Window window(std::size_t index) const;

 private:
  Window stride_window(std::size_t index) const;
  Window llama_cpp_window(std::size_t index) const;
  // How many tokens of the text fit into a window.
  std::size_t text_tokens() const { return context_ - (bos_ ? 1 : 0); }

  EvalProtocol protocol_;
  std::uint32_t context_;
  std::optional<std::int32_t> bos_;
  const std::vector<std::int32_t>& ids_;
};

}  // namespace driftwood::cli
