// An actor: a guest, its mailbox, and the records it wrote. It works in steps: a call of its guest
// and, if the guest asked for one, a run of the device. Between two steps nothing is under way, and
// the actor can be saved, forked, or left alone; an idle one costs no thread.
//
// The Scheduler makes the steps, of many actors at once; run() those of one.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actor/output_queue.h"
#include "actor/snapshot.h"
#include "core/error.h"
#include "device/device.h"
#include "guest/guest.h"

namespace driftwood::actor {

enum class Status {
  idle,      // every message was worked on
  paused,    // there is more to do
  finished,  // the guest takes no more messages
};

// Lifetime: the device outlives it; it stays where it is made.
// Threads: one at a time, except cancel(), which any thread and a signal handler may call.
class Actor {
 public:
  // How long a guest may go on, in its own calls, once its work on a message is to end.
  static constexpr std::uint64_t kGraceNs = 1'000'000'000;

  // Records that nobody takes: with so many, or so many bytes of them, the guest is not called
  // again.
  static constexpr std::uint64_t kMostWaitingBytes = std::uint64_t{4} << 20;
  static constexpr std::size_t kMostWaitingRecords = 16384;

  // Makes an actor around a guest of this module, or the one that `make` gives for these services,
  // whose write_output is the actor's. Errors: those of Guest::create, or of `make`.
  using MakeGuest = std::function<Result<std::unique_ptr<guest::Guest>>(guest::Services)>;
  static Result<std::unique_ptr<Actor>> create(guest::Services services,
                                               std::shared_ptr<const guest::Module> module);
  static Result<std::unique_ptr<Actor>> create(guest::Services services, const MakeGuest& make);

  // One that goes on from a snapshot; `fill` sets the bytes of the guest's memory.
  // Errors: those of Guest::restore.
  static Result<std::unique_ptr<Actor>> restore(guest::Services services, const Snapshot& snapshot,
                                                const guest::Guest::Fill& fill);
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  // With a timeout, the work on the message is to end when so much time has passed from now.
  void send(std::string message, std::optional<std::uint64_t> timeout_ns = {});

  // Makes steps until there is nothing to do, or `most_steps` of them. Records that wait are handed
  // over first, and each further one as it is written.
  // Errors: those of Guest::resume; device_lost; cancelled and timeout when the guest did not end
  // its work within the grace time. The actor is then over, and each later call gives the same
  // error.
  using RecordSink = std::function<void(std::string_view record)>;
  Result<Status> run(const RecordSink& on_record, std::uint64_t most_steps = UINT64_MAX);

  // Asks the guest to end its work on the present message, or, while it starts, that and its first
  // one. Forgotten when the guest is idle.
  void cancel() { cancel_requested_.store(true, std::memory_order_relaxed); }

  // Records that were written while nobody took them.
  OutputQueue& output() { return output_; }

  // What the actor is now: valid until its next step. Errors: those of Guest::snapshot; the error
  // that ended the actor; invalid_argument within a step, such as in a record's sink.
  Result<Snapshot> snapshot() const;

  // A second actor that is what this one is now and goes its own way: memory, states and registers
  // are shared until either side writes. Errors: as snapshot() and restore().
  Result<std::unique_ptr<Actor>> fork() const;

  // Keeps what the actor is before each message that it takes, for the last `turns` of them.
  void keep_turns(std::uint32_t turns) { kept_turns_ = turns; }
  // Makes the actor what it was before its last `turns` messages; mailbox and output are empty
  // then. Errors: invalid_argument for more turns than are kept; those of restore().
  Result<void> undo(std::uint32_t turns);

  // Writes the actor into this file, thinly, and gives back its guest with all that it held; what
  // keep_turns() kept is lost. Mailbox, output and what is pending stay. The next step, or
  // hydrate(), takes the guest from the file again. Errors: those of Frozen::make and
  // os::replace_file; the actor is then as it was.
  Result<void> park(const std::string& path);
  bool is_parked() const { return guest_ == nullptr; }
  // Precondition of snapshot(), fork() and guest() for an actor that may be parked. Errors: those
  // of frozen::File::open and read_snapshot; corrupt when the file is not what park() wrote. It
  // then stays parked, and is_ready() no more until run(), send() or this tries again.
  Result<void> hydrate();

  // Precondition of these: it is not parked.
  guest::Guest& guest() { return *guest_; }
  const guest::Services& services() const { return services_; }

  // For the scheduler. A step is call(), if is_ready(), and, if wants_run() afterwards, the run of
  // the device and end_run().
  bool is_ready() const;
  void call();
  bool wants_run() const { return next_ == guest::Next::run && !outcome_ && !failure_; }
  const guest::RunRequest& run_request() const { return *guest_->run(); }
  device::Sequence take_sequence() { return guest_->take_sequence(); }
  void end_run(Result<void> outcome);

  // Whether the work on the present message, or the start, may go on; if not, why: cancelled or
  // timeout.
  Result<void> may_go_on() const;

  // The present state, or the error that ended the actor.
  Result<Status> status() const;

 private:
  struct Message {
    std::string text;
    std::optional<std::uint64_t> deadline_ns;  // of os::monotonic_ns()
  };

  explicit Actor(guest::Services services) : services_(std::move(services)) {}
  Result<void> take_guest(const MakeGuest& make);
  Result<void> take_from_file();
  Result<void> become(const Snapshot& snapshot, const guest::Guest::Fill& fill);
  // A snapshot that stays as it is while the actor goes on.
  Result<Snapshot> lasting_snapshot() const;

  void write_output(std::string_view record);
  Result<void> check_between_steps(std::string_view what) const;
  Result<guest::Next> call_guest();
  void keep_turn();
  Result<guest::Next> begin_message();
  Result<guest::Next> proceed();
  void end_message();

  // Of the present message. A guest that has not taken one yet is on the time of the first that
  // waits, so that its start ends too.
  std::optional<std::uint64_t> deadline_ns() const;

  // As may_go_on(), once the grace time is over as well.
  Result<void> check_grace();

  guest::Services services_;             // as given: the guest's own have this actor's output
  std::unique_ptr<guest::Guest> guest_;  // null while parked
  std::string parked_path_;
  std::shared_ptr<const guest::Module> parked_module_;
  std::uint64_t parked_checksum_ = 0;  // of the file's checksums
  std::optional<Error> not_hydrated_;  // why the last try failed
  std::deque<Message> mailbox_;
  std::uint32_t kept_turns_ = 0;
  std::deque<Snapshot> turns_;  // before the last messages, the oldest first
  OutputQueue output_;
  const RecordSink* sink_ = nullptr;  // of the run() in progress
  guest::Next next_ = guest::Next::idle;
  std::optional<Result<void>> outcome_;  // of the run that the guest waits for
  bool started_ = false;
  bool in_message_ = false;
  bool rested_ = false;  // since the last message: a cancellation from that time is forgotten
  std::optional<std::uint64_t> deadline_ns_;  // of the message that was taken last
  // Of the present message, or of the start:
  std::uint64_t grace_left_ns_ = kGraceNs;
  std::optional<std::uint64_t> grace_begin_ns_;  // of this call's share, once its end is wanted
  bool end_told_ = false;                        // to the guest, as an event
  bool in_call_ = false;
  std::optional<Error> failure_;  // of the guest or the device; the actor is over
  std::atomic<bool> cancel_requested_ = false;
};

}  // namespace driftwood::actor
