// Text that ends at a stop string. What may be the beginning of one is held back until it is known.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace driftwood::guests::llama {

class StopStrings {
 public:
  // `stops` are not empty, each of them UTF-8.
  explicit StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // Takes whole characters and gives those that may be reported; none once a stop string was found.
  // The first one that is complete counts, and the longest of those that end at one place. So how
  // the text is cut into pieces changes nothing.
  std::string add(std::string_view text);

  // What is held back, as there is no more text; empty if a stop string was found.
  std::string finish();

  const std::optional<std::string>& found() const { return found_; }

 private:
  // Whether one of them ends at the end of what is held back.
  bool find_at_end();
  // The length of the longest end of what is held back that begins a stop string.
  std::size_t beginning_size() const;

  std::vector<std::string> stops_;
  std::string held_;
  std::optional<std::string> found_;
};

}  // namespace driftwood::guests::llama
