#include "cli/eval_windows.h"

#include <algorithm>

namespace driftwood::cli {

EvalWindows::EvalWindows(EvalProtocol protocol, std::uint32_t context,
                         std::optional<std::int32_t> bos, const std::vector<std::int32_t>& ids)
    : protocol_(protocol), context_(context), bos_(bos), ids_(ids) {}

std::size_t EvalWindows::count() const {
  const std::size_t bos_count = bos_ ? 1 : 0;
  if (protocol_ == EvalProtocol::llama_cpp) return (ids_.size() + bos_count) / context_;
  if (ids_.size() + bos_count < 2) return 0;
  if (ids_.size() <= text_tokens()) return 1;
  const std::size_t stride = context_ / 2;
  return 1 + (ids_.size() - text_tokens() + stride - 1) / stride;
}

Window EvalWindows::window(std::size_t index) const {
  return protocol_ == EvalProtocol::llama_cpp ? llama_cpp_window(index) : stride_window(index);
}

Window EvalWindows::stride_window(std::size_t index) const {
  const std::size_t stride = context_ / 2;
  const std::size_t end = std::min(text_tokens() + index * stride, ids_.size());
  const std::size_t begin = end - std::min(end, text_tokens());
  // Where the window before it ended.
  const std::size_t scored_from = index == 0 ? 0 : text_tokens() + (index - 1) * stride;
  Window window;
  if (bos_) window.ids.push_back(*bos_);
  window.score_from =
      static_cast<std::uint32_t>(std::max<std::size_t>(1, window.ids.size() + scored_from - begin));
  window.ids.insert(window.ids.end(), ids_.begin() + static_cast<std::ptrdiff_t>(begin),
                    ids_.begin() + static_cast<std::ptrdiff_t>(end));
  return window;
}

Window EvalWindows::llama_cpp_window(std::size_t index) const {
  const std::size_t begin = index * context_;  // in the text with a BOS in front
  Window window = {{}, context_ / 2 + 1};
  for (std::size_t at = begin; at < begin + context_; ++at) {
    if (bos_) {
      window.ids.push_back(at == begin ? *bos_ : ids_[at - 1]);
    } else {
      window.ids.push_back(ids_[at]);
    }
  }
  return window;
}

}  // namespace driftwood::cli
