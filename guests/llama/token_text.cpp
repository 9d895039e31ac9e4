#include "llama/token_text.h"

#include <algorithm>

namespace driftwood::guests::llama {

TokenText::TokenText(Decode decode, std::span<const std::int32_t> before)
    : decode_(std::move(decode)) {
  const auto neighbours = before.last(std::min(before.size(), kNeighbours));
  ids_.assign(neighbours.begin(), neighbours.end());
  skip_ = ids_.size();
}

std::string TokenText::add(std::int32_t id, bool last) {
  ids_.push_back(id);
  const std::size_t pending = ids_.size() - skip_;
  const auto text = decode_(ids_, skip_, last || pending >= kMostPending);
  if (!text) {
    ids_.pop_back();
    return last ? finish() : std::string();
  }
  std::string added = take_new(*text);

  // The neighbours move up once the text ends with a whole character.
  if (pending >= kNeighbours) {
    const auto complete = decode_(ids_, skip_, true);
    if (pending >= kMostPending || (complete && complete->size() == text->size())) {
      ids_.erase(ids_.begin(), ids_.end() - kNeighbours);
      skip_ = ids_.size();
      reported_bytes_ = 0;
    }
  }
  return added;
}

std::string TokenText::finish() {
  if (ids_.size() == skip_) return {};  // what the neighbours hold back is not ours
  const auto text = decode_(ids_, skip_, true);
  return text ? take_new(*text) : std::string();
}

std::string TokenText::take_new(const std::string& text) {
  std::string added = text.substr(std::min(reported_bytes_, text.size()));
  reported_bytes_ = std::max(reported_bytes_, text.size());
  return added;
}

}  // namespace driftwood::guests::llama
