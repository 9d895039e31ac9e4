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

// Lifetime: the device outlives it; it stays where it is made.
// Threads: one at a time, except cancel(), which any thread and a signal handler may call.
class Actor {
 public:
  // How long a guest may go on once its work on a message is to end.
  static constexpr std::uint64_t kGraceNs = 1'000'000'000;

  Actor(device::Device& device, std::unique_ptr<guest::Guest> guest);
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  // With a timeout, the work on the message is to end when so much time has passed from now.
  void send(std::string message, std::optional<std::uint64_t> timeout_ns = {});

  // Works until the mailbox is empty and the guest idle, or the guest has finished.
  // Errors: those of Guest::resume; device_lost; cancelled and timeout when the guest did not end
  // its work within the grace time. The actor is then over, and each later call gives the same
  // error.
  Result<Status> run();

  // Asks the guest to end its work on the present message, or, while it starts, that and its first
  // one. Forgotten when the guest is idle.
  void cancel() { cancel_requested_.store(true, std::memory_order_relaxed); }

  guest::Guest& guest() { return *guest_; }

 private:
  struct Message {
    std::string text;
    std::optional<std::uint64_t> deadline_ns;  // of os::monotonic_ns()
  };

  Result<Status> work();
  Result<guest::Next> begin_message();
  void end_message();
  // Has the device do the run that the guest asked for; its end is the guest's to judge.
  // Errors: those of Guest::resume and device_lost.
  Result<guest::Next> do_run();
  // Waits for a submission, passing on that the work is to end.
  Result<void> wait(device::Serial serial);

  // Of the present message. A guest that has not taken one yet is on the time of the first that
  // waits, so that its start ends too.
  std::optional<std::uint64_t> deadline_ns() const;

  // Whether the work on the present message, or the start, is to end, as an error that says why:
  // cancelled or timeout.
  Result<void> may_go_on() const;
  // Likewise once the grace time is over as well.
  Result<void> check_grace();

  device::Device* device_;
  std::unique_ptr<guest::Guest> guest_;
  std::deque<Message> mailbox_;
  guest::Next next_ = guest::Next::idle;
  bool started_ = false;
  bool in_message_ = false;
  std::optional<std::uint64_t> deadline_ns_;  // of the message that was taken last
  // Of the present message, or of the start:
  std::optional<std::uint64_t> grace_ends_ns_;  // once it is known that the work is to end
  bool end_told_ = false;                       // to the guest, as an event
  std::optional<Error> failure_;                // of the guest or the device; the actor is over
  std::atomic<bool> cancel_requested_ = false;
};

}  // namespace driftwood::actor
