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

// What one actor may use; docs/abi.md lists all limits and their defaults.
struct ActorLimits {
  std::optional<std::uint64_t> memory_bytes;  // of the guest's linear memory
  std::optional<std::uint64_t> state_bytes;   // of its states, such as a KV cache
  std::optional<std::uint64_t> output_bytes;  // of the records of one call of the guest
  std::optional<std::uint64_t> log_bytes;     // of what it logs, for each message
  std::optional<std::uint64_t> call_ns;       // of processor time in one call of the guest
};

struct ActorOptions {
  std::optional<std::uint32_t> context_rows;  // default: what the model allows
  std::string kv_dtype;  // "f32", "bf16" or "f16"; default: f32 with f32 weights, otherwise bf16
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

  // Puts a message into the mailbox. It is worked on by run(). With a timeout, the guest is to end
  // the work on it when so much time has passed from now, and says how far it came.
  void send(std::string message, std::optional<std::uint64_t> timeout_ns = {});

  // Works until the mailbox is empty. Each output record is handed to `on_record` as it is written;
  // the view is valid during that call, which must not throw.
  // Errors: guest_failed when the guest trapped, broke the ABI or computed longer than it may;
  // device_lost; cancelled and timeout when it did not end its work within a second of being told.
  // The actor is then over, and each later call gives the same error. A request that the guest
  // refuses is no error here but a record.
  Result<ActorStatus> run(const std::function<void(std::string_view record)>& on_record);

  // Asks the actor to end its work on the present message; its guest then says how far it came. It
  // is heard between the steps of the guest and of the device; a guest that does not hear within a
  // second is ended. Does nothing while the actor is idle. Threads: any; safe in a signal handler.
  void cancel();

 private:
  friend class Runtime;
  struct Impl;
  explicit Actor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftwood
