// What a guest says on the host's log. A guest's bytes reach a terminal here, so control characters
// are taken out and lines have a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/log.h"

namespace driftwood::guest {

inline constexpr std::size_t kMostLogLineBytes = 64 * 1024;

// The most of a name that a message tells: names are the guest's or a file's, and may be long.
inline constexpr std::size_t kMostNameBytes = 200;

// The text with each control character, those beyond ASCII (U+0080 to U+009F) too, replaced by a
// space. Of more than `most_bytes` it is cut between two characters, and ends with "...".
std::string printable(std::string_view text, std::size_t most_bytes = std::string_view::npos);

// How much a guest may write before its owner gives it something new to do.
class LogBudget {
 public:
  static constexpr std::uint64_t kLineBytes = 32;  // that a line counts beside its text

  explicit LogBudget(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

  std::uint64_t most_bytes() const { return most_bytes_; }
  std::uint64_t used_bytes() const { return used_bytes_; }
  void renew() { used_bytes_ = 0; }
  // What a guest that was saved had used.
  void use(std::uint64_t bytes) { used_bytes_ = bytes; }

  // Writes one line, marked as the guest's, and returns true; false when nothing is left for it and
  // for later ones. The first that is left out is replaced by a warning.
  bool write(log::Level level, std::string_view line);

 private:
  std::uint64_t most_bytes_;
  std::uint64_t used_bytes_ = 0;
};

// Cuts a stream of bytes into lines: at newlines, and where a line reaches kMostLogLineBytes. What
// is over the budget is dropped. Lifetime: the budget outlives it.
class LogLines {
 public:
  LogLines(log::Level level, LogBudget& budget) : level_(level), budget_(budget) {}

  void append(std::string_view bytes);
  // Writes what waits for its newline.
  void flush();
  void drop() { waiting_.clear(); }
  const std::string& waiting() const { return waiting_; }

 private:
  log::Level level_;
  LogBudget& budget_;
  std::string waiting_;
};

}  // namespace driftwood::guest
