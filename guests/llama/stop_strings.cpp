#include "llama/stop_strings.h"

#include <algorithm>
#include <utility>

namespace driftwood::guests::llama {

std::string StopStrings::add(std::string_view text) {
  if (stops_.empty()) return std::string(text);
  std::string passed;
  for (const char byte : text) {
    if (found_) break;
    held_ += byte;
    const std::size_t kept = find_at_end() ? found_->size() : beginning_size();
    passed.append(held_, 0, held_.size() - kept);
    held_.erase(0, held_.size() - kept);
  }
  if (found_) held_.clear();
  return passed;
}

std::string StopStrings::finish() {
  return std::exchange(held_, {});
}

bool StopStrings::find_at_end() {
  for (const std::string& stop : stops_) {
    if (held_.ends_with(stop) && (!found_ || stop.size() > found_->size())) found_ = stop;
  }
  return found_.has_value();
}

std::size_t StopStrings::beginning_size() const {
  for (std::size_t size = held_.size(); size > 0; --size) {
    const std::string_view end = std::string_view(held_).substr(held_.size() - size);
    const bool begins = std::any_of(stops_.begin(), stops_.end(),
                                    [&](const std::string& stop) { return stop.starts_with(end); });
    if (begins) return size;
  }
  return 0;
}

}  // namespace driftwood::guests::llama
