#include "core/log.h"

#include <atomic>
#include <cstdio>
#include <mutex>

namespace driftwood::log {
namespace {

struct State {
  std::mutex mutex;
  Sink sink;
};

State& state() {
  static State instance;
  return instance;
}

std::atomic<Level> least_level = Level::warning;

}  // namespace

void configure(Level least, Sink sink) {
  std::lock_guard lock(state().mutex);
  state().sink = std::move(sink);
  least_level = least;
}

bool enabled(Level level) {
  return level >= least_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view line) {
  if (!enabled(level)) return;
  std::lock_guard lock(state().mutex);
  if (state().sink) {
    state().sink(level, line);
  } else {
    const std::string text = fmt::format("driftwood: {}\n", line);
    (void)std::fwrite(text.data(), 1, text.size(), stderr);  // a log that cannot be written is lost
  }
}

}  // namespace driftwood::log
