// An actor: one guest at work, with a mailbox in front and output records behind it. A conversation
// is an actor whose guest speaks driftwood.generate/1 (docs/generate.md).
//
// It works in steps: a call of its guest and the run of the device that the guest asked for.
// Between two steps it can be frozen into one file, forked, or parked; an idle one costs no thread.
//
//   auto actor = runtime->spawn(guest, model, {});
//   actor->send(request);
//   actor->run(print, 10);                    // ten steps of it
//   actor->freeze("talk.safetensors", {});    // goes on here, in another process, elsewhere
//   auto other = actor->fork();               // and a second time, another way
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <driftwood/result.h>

namespace driftwood {

// What one actor may use. What is not set has its default; docs/abi.md has these and the limits
// that no owner sets. Where nothing else is said, the guest is answered with `limit`, has the
// sentence, and may go on.
struct ActorLimits {
  // Bytes of the guest's linear memory. Default: 1 GiB; no guest has more than 4 GiB. A guest that
  // begins with more is refused by Runtime::spawn (limit); one that grows over it gets -1.
  std::optional<std::uint64_t> memory_bytes;

  // Bytes of the device's memory: states, such as a KV cache, registers, and the temporaries of a
  // run. Default: 64 GiB, and at most half of the machine's memory.
  std::optional<std::uint64_t> device_bytes;

  // Bytes, as encoded, of the programs that the guest has compiled and not released. Default: 64
  // MiB.
  std::optional<std::uint64_t> program_bytes;

  // Models, windows, states, registers and graphs alive at once, together. Default: 4,096.
  std::optional<std::uint32_t> handle_count;

  // Bytes of one output record, and of all records of one call of the guest. Defaults: 16 MiB and
  // 64 MiB.
  std::optional<std::uint64_t> record_bytes;
  std::optional<std::uint64_t> output_bytes;

  // Bytes of what it logs for each message, each line counted with 32 more. Default: 1 MiB. Over it
  // there is one warning, and the lines are left out.
  std::optional<std::uint64_t> log_bytes;

  // Rows that all its runs are asked to append to its states, over its whole life: tokens, of a
  // conversation. Default: no limit.
  std::optional<std::uint64_t> tokens;

  // Nanoseconds of processor time in one call of the guest. Default: 10 s. Over it run() gives
  // guest_failed, and the actor is over.
  std::optional<std::uint64_t> call_ns;
};

// What the guest is told of its owner's wishes, and what it may use.
struct ActorOptions {
  std::optional<std::uint32_t> context_rows;  // tokens; default: what the model allows
  std::string kv_dtype;  // "f32", "bf16" or "f16"; empty: f32 with f32 weights, otherwise bf16
  ActorLimits limits;

  // How many turns undo() can take back. Each costs what the actor wrote since, its windows and its
  // log of inputs, and one of the descriptors that the process may have open.
  std::uint32_t undo_turns = 0;
};

enum class ActorStatus {
  idle,      // every message was worked on
  paused,    // there is more to do
  finished,  // the guest takes no more messages
};

// A record that the guest wrote. Positions count those of the actor's whole life, from 0.
struct OutputRecord {
  std::uint64_t position;
  std::string bytes;
};

// What is true when a file has been written.
enum class Durability {
  none,    // it is there for other processes; a loss of power may lose it
  synced,  // it outlives a loss of power
};

struct FreezeOptions {
  bool thin = false;  // without the guest's module, which who thaws it has to bring
  Durability durability = Durability::none;
};

struct FreezeReport {
  std::uint64_t file_bytes;
  std::uint64_t state_rows;  // tokens, of a conversation
};

// Lifetime: the runtime outlives its actors.
// Threads: one at a time, and one actor of a runtime at a time, except cancel().
class Actor {
 public:
  ~Actor();
  Actor(Actor&&) noexcept;
  Actor& operator=(Actor&&) noexcept;

  // Puts a message into the mailbox: any bytes. It is worked on by run(). With a timeout, the guest
  // is to end the work on it when so much time has passed from now, and says how far it came; if it
  // is the first message, what the guest does before taking it is on that time too. The mailbox is
  // the caller's to bound; freeze() and park() take kMostFrozenTextBytes of messages and output.
  void send(std::string message, std::optional<std::uint64_t> timeout_ns = {});

  // Works until the mailbox is empty, or for so many steps. Records that wait are handed to
  // `on_record` first, and each further one as it is written; the view is valid during that call,
  // which must not throw.
  // Errors: guest_failed when the guest trapped, broke the ABI or computed longer than it may;
  // device_lost; cancelled and timeout when it did not end its work within a second of being told.
  // The actor is then over, and each later call gives the same error. A request that the guest
  // refuses is no error here but a record.
  Result<ActorStatus> run(const std::function<void(std::string_view record)>& on_record,
                          std::uint64_t most_steps = UINT64_MAX);

  // Takes the records that Runtime::step() left here, the oldest first. Over 4 MiB or 16,384 of
  // them the guest is not called until some are taken.
  std::vector<OutputRecord> take_output();

  // Writes the actor into one safetensors file (docs/formats/frozen_actor.md), or into memory; it
  // goes on as before. Whoever reads the file's name meanwhile finds the old file or the new one.
  // Runtime::thaw makes an actor of it again, which goes on from here with the same bits.
  // Errors: those of run() when the actor is over; invalid_argument within `on_record`, since a
  // step has to end first; unsupported for a guest of this program; io and not_found, and then the
  // file is as it was; limit for more messages and output than a file holds; out_of_memory.
  Result<FreezeReport> freeze(const std::string& path, const FreezeOptions& options) const;
  Result<std::vector<std::byte>> freeze(const FreezeOptions& options) const;

  // A second actor that is what this one is now and goes its own way. What they have in common they
  // share until one of them writes it; undo() begins anew in it. Errors: as freeze(), but those of
  // files.
  Result<Actor> fork() const;

  // Makes the actor what it was before its last `turns` messages, each counted from where it was
  // taken from the mailbox while the guest was idle. Messages that wait, and output that nobody
  // took, are dropped. Errors: invalid_argument for more turns than are kept.
  Result<void> undo(std::uint32_t turns = 1);

  // Freezes the actor into this file, thinly, and gives back its memory and that of the device.
  // The next send() followed by a step, and all else that needs the guest, makes it whole again
  // from the file, which has to stay as it is until then and is not deleted. What undo() kept is
  // lost. Errors: as freeze(); then the actor is as it was. Where the file cannot be read later,
  // the call that needs it says so, and the next one tries again.
  Result<void> park(const std::string& path);
  bool is_parked() const;

  // Asks the actor to end its work on the present message, or its start and the first message; its
  // guest then says how far it came. It is heard between the steps of the guest and of the device;
  // a guest that does not hear within a second is ended. Does nothing while the actor is idle.
  // Threads: any; safe in a signal handler.
  void cancel();

 private:
  friend class Runtime;
  struct Impl;
  explicit Actor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftwood
