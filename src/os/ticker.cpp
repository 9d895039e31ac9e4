#include "os/ticker.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "core/log.h"
#include "os/blocked_signals.h"

namespace driftwood::os {

Ticker::Ticker(std::uint64_t period_ns, std::function<void()> tick)
    : period_ns_(period_ns), tick_(std::move(tick)) {
  const BlockedSignals blocked;
  try {
    thread_ = std::thread([this] { serve(); });
  } catch (const std::system_error& error) {
    log::warning("The system gives no thread to watch guests with: {}.", error.what());
  }
}

Ticker::~Ticker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Ticker::wake() {
  {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
  }
  changed_.notify_one();
}

void Ticker::serve() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    asleep_ = true;
    if (at_work_.load() > 0) asleep_ = false;
    changed_.wait(lock, [this] { return stopping_ || !asleep_; });
    changed_.wait_for(lock, std::chrono::nanoseconds(period_ns_), [this] { return stopping_; });
    if (!stopping_) tick_();
  }
}

}  // namespace driftwood::os
