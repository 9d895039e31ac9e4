#include "os/team.h"

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include "core/check.h"
#include "core/log.h"
#include "os/blocked_signals.h"
#include "os/process.h"

namespace driftwood::os {
namespace {

// Longer than the gaps between the ops of a step, shorter than anybody notices on an idle machine.
constexpr std::uint64_t kSpinNs = 50'000;
constexpr int kPausesPerClockRead = 32;

void pause_processor() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// Waits until `value` is no longer `old`; what was written before the change is visible afterwards.
void wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  const std::uint64_t start_ns = monotonic_ns();
  do {
    for (int i = 0; i < kPausesPerClockRead; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause_processor();
    }
    // The one that is waited for may be queued on this very processor: then spinning only delays
    // it.
    std::this_thread::yield();
  } while (monotonic_ns() - start_ns < kSpinNs);
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

// A round: run() writes work and context, sets `unfinished` and changes `round`; each thread sees
// the change, does its work and takes itself off `unfinished`; run() returns when that is 0. The
// two counters lie in cache lines of their own, since one is read by all while the other is
// written.
struct Team::Shared {
  alignas(128) std::atomic<std::uint32_t> round = 0;
  void (*work)(void* context, unsigned member) = nullptr;  // null: the threads end
  void* context = nullptr;
  alignas(128) std::atomic<std::uint32_t> unfinished = 0;
  std::vector<std::thread> threads;

  void start_round(void (*new_work)(void*, unsigned), void* new_context) {
    work = new_work;
    context = new_context;
    unfinished.store(static_cast<std::uint32_t>(threads.size()), std::memory_order_relaxed);
    round.fetch_add(1);
    round.notify_all();
  }

  void serve(unsigned member) {
    for (std::uint32_t seen = 0;; ++seen) {
      wait_for_change(round, seen);
      if (work == nullptr) return;
      work(context, member);
      if (unfinished.fetch_sub(1) == 1) unfinished.notify_one();
    }
  }
};

Team::Team(unsigned size) : size_(size), shared_(std::make_unique<Shared>()) {
  DW_CHECK(size >= 1);
  shared_->threads.reserve(size - 1);
  const BlockedSignals blocked;
  for (unsigned member = 1; member < size; ++member) {
    try {
      shared_->threads.emplace_back([shared = shared_.get(), member] { shared->serve(member); });
    } catch (const std::system_error& error) {
      size_ = member;
      log::warning("The system gives {} of {} threads: {}.", member, size, error.what());
      return;
    }
  }
}

Team::~Team() {
  shared_->start_round(nullptr, nullptr);
  for (std::thread& thread : shared_->threads) thread.join();
}

void Team::run(void (*work)(void* context, unsigned member), void* context) {
  DW_CHECK(work != nullptr);
  if (size_ == 1) return work(context, 0);
  shared_->start_round(work, context);
  work(context, 0);
  while (const std::uint32_t left = shared_->unfinished.load(std::memory_order_acquire)) {
    wait_for_change(shared_->unfinished, left);
  }
}

}  // namespace driftwood::os
