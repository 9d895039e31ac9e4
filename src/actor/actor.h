// An actor: a guest, its mailbox, and the loop that gives it messages and does the runs it asks
// for.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "device/device.h"
#include "guest/guest.h"

namespace driftwood::actor {

enum class Status { idle, finished };

// Lifetime: the device outlives it.
// Threads: one at a time, except cancel(), which any thread and a signal handler may call.
class Actor {
 public:
  Actor(device::Device& device, std::unique_ptr<guest::Guest> guest)
      : device_(&device), guest_(std::move(guest)) {}

  void send(std::string message) { mailbox_.push_back(std::move(message)); }

  // Works until the mailbox is empty and the guest idle, or the guest has finished.
  // Errors: those of Guest::resume and device_lost. The actor is then over, and each later call
  // gives the same error.
  Result<Status> run();

  // Asks the guest to end its work on the present message, or, while it starts, on its first one.
  // Forgotten when the guest is idle.
  void cancel() { cancel_requested_.store(true, std::memory_order_relaxed); }

  guest::Guest& guest() { return *guest_; }

 private:
  Result<Status> work();
  // Has the device do the run that the guest asked for; its end is the guest's to judge.
  // Errors: device_lost alone.
  Result<guest::Next> do_run();
  // Waits for a submission, passing on a cancellation that comes meanwhile.
  Result<void> wait(device::Serial serial);

  device::Device* device_;
  std::unique_ptr<guest::Guest> guest_;
  std::deque<std::string> mailbox_;
  guest::Next next_ = guest::Next::idle;
  bool started_ = false;
  bool in_message_ = false;
  std::optional<Error> failure_;  // of the guest or the device; the actor is over
  std::atomic<bool> cancel_requested_ = false;
};

}  // namespace driftwood::actor
