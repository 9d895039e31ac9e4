// An actor: one guest at work, with a mailbox in front and output records behind it. A conversation
// is an actor whose guest speaks driftwood.generate/1 (docs/generate.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

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

  // Nanoseconds of processor time in one call of the guest. Default: 10 s. Over it run() gives
  // guest_failed, and the actor is over.
  std::optional<std::uint64_t> call_ns;
};

// What the guest is told of its owner's wishes, and what it may use.
struct ActorOptions {
  std::optional<std::uint32_t> context_rows;  // tokens; default: what the model allows
  std::string kv_dtype;  // "f32", "bf16" or "f16"; empty: f32 with f32 weights, otherwise bf16
  ActorLimits limits;
};

enum class ActorStatus {
  idle,      // every message was worked on
  finished,  // the guest takes no more messages
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
  // is the first message, what the guest does before taking it is on that time too.
  void send(std::string message, std::optional<std::uint64_t> timeout_ns = {});

  // Works until the mailbox is empty. Each output record is handed to `on_record` as it is written;
  // the view is valid during that call, which must not throw.
  // Errors: guest_failed when the guest trapped, broke the ABI or computed longer than it may;
  // device_lost; cancelled and timeout when it did not end its work within a second of being told.
  // The actor is then over, and each later call gives the same error. A request that the guest
  // refuses is no error here but a record.
  Result<ActorStatus> run(const std::function<void(std::string_view record)>& on_record);

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
