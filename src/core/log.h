// The log: lines with a level, to one sink that the program chooses. Nothing is written below the
// level; by default warnings and errors go to standard error.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string_view>
#include <utility>

namespace driftwood::log {

enum class Level { debug, info, warning, error };

using Sink = std::function<void(Level, std::string_view line)>;

// Replaces the sink and the least level that reaches it; a null sink restores the default.
// Threads: may be called at any time; the sink is called by one thread at a time.
void configure(Level least, Sink sink);

void write(Level level, std::string_view line);

// Whether a line of this level is written at all.
bool enabled(Level level);

template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warning))
    write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace driftwood::log
