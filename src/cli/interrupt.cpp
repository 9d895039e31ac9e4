#include "cli/interrupt.h"

#include <atomic>
#include <csignal>
#include <cstdlib>

#include "cli/commands.h"

namespace driftwood::cli {
namespace {

// A signal handler may touch lock-free atomics and nothing else of ours.
std::atomic<Actor*> actor_at_work = nullptr;
std::atomic<bool> owner_pauses = false;
std::atomic<bool> was_interrupted = false;
static_assert(std::atomic<Actor*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void on_interrupt(int) {
  Actor* actor = actor_at_work.load();
  const bool is_heard = actor != nullptr || owner_pauses.load();
  if (!is_heard || was_interrupted.exchange(true)) std::_Exit(kInterrupted);
  if (actor != nullptr) actor->cancel();
}

}  // namespace

void install_interrupt_handler() {
  // A shell starts background jobs with the signal ignored; that stays so.
  for (const int signal : {SIGINT, SIGTERM}) {
    if (std::signal(signal, on_interrupt) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

CancelOnInterrupt::CancelOnInterrupt(Actor& actor) {
  actor_at_work = &actor;
}
CancelOnInterrupt::~CancelOnInterrupt() {
  actor_at_work = nullptr;
}

PauseOnInterrupt::PauseOnInterrupt() {
  owner_pauses = true;
}
PauseOnInterrupt::~PauseOnInterrupt() {
  owner_pauses = false;
}

bool interrupted() {
  return was_interrupted;
}

}  // namespace driftwood::cli
