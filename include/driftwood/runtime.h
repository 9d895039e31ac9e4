// The runtime: one device, the compiler for guests, and what is made with them.
//
//   auto runtime = driftwood::Runtime::create({});
//   auto model = runtime->open_model("path/to/folder");
//   auto actor = runtime->spawn(*runtime->builtin_guest("llama"), *model, {});
//   actor->send(R"({"prompt": "Once upon a time"})");
//   actor->run([](std::string_view record) { ... });
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <driftwood/actor.h>
#include <driftwood/device.h>
#include <driftwood/model.h>
#include <driftwood/result.h>

namespace driftwood {

namespace actor::frozen {
class File;
}

struct RuntimeOptions {
  // A name of list_devices(); "vulkan" for its first one; or "auto": the first GPU that is none in
  // software, otherwise the CPU.
  std::string device = "auto";
  unsigned thread_count = 0;  // of the CPU device; 0: what the process may use
  std::string isa;  // of the CPU device: "avx2", "avx512", "neon", "portable"; empty: the best
  // Where compiled guests and GPU kernels are kept for later processes; made where it is missing;
  // empty: nowhere.
  // What is in it is run as machine code, so only files that this user alone may write are read. A
  // folder that cannot be written does no harm.
  std::string cache_folder;
  // Told while weights of a model are copied into a GPU's memory: how many bytes are there, of how
  // many. Not called where they are used in place.
  std::function<void(std::uint64_t done_bytes, std::uint64_t all_bytes)> on_upload = {};
  // Have every call of the GPU's driver checked by the API's own validation layer, where the API
  // has one: for tests. What it says is logged as an error.
  bool validate = false;
};

// A compiled guest. Lifetime: a shared handle. Threads: immutable, free.
class GuestModule {
 public:
  ~GuestModule();
  GuestModule(const GuestModule&);
  GuestModule& operator=(const GuestModule&);

  struct Impl;
  explicit GuestModule(std::shared_ptr<const Impl> impl);
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

// A guest whose source is compiled into this program (sdk/README.md): for debuggers, sanitizers and
// comparison. It has no sandbox, and a process has one at a time, started once.
struct NativeGuest {
  std::int32_t (*start)();
  std::int32_t (*resume)(std::int32_t event, std::int32_t status);
};

struct ThawOptions {
  ActorLimits limits;
  std::uint32_t undo_turns = 0;
  // The guest of a thin file, and the only one that is accepted for any other.
  std::optional<GuestModule> guest;
  // Compare the checksums of the memory's pages and of the states' rows too, as for files that came
  // over a network. Those of all else are compared in any case.
  bool verify = false;
};

// What is guaranteed of a thawed actor.
enum class Sameness {
  identical,   // it goes on with the bits that it would have had
  same_state,  // its state is exact, but this device orders its sums in another way
};

struct ThawReport {
  Sameness sameness;
  std::uint64_t state_rows;  // tokens, of a conversation: none of them was computed again
  std::uint64_t bytes_read;
};

struct ThawedActor {
  Actor actor;
  ThawReport report;
};

// What came of doing again what a frozen actor did.
struct ReplayReport {
  bool is_equal;           // every byte of guest, states and registers
  std::uint64_t calls;     // of the guest
  std::string difference;  // the first, for people; empty if there is none
};

// The bits that one op of one run wrote.
struct OpHash {
  std::uint64_t run;      // runs of a device count up from 1
  std::uint32_t op;       // index in the program
  std::string_view name;  // of the op: "linear"
  std::uint64_t hash;     // FNV-1a of the bytes of its outputs
};

// Lifetime: outlives its actors.
// Threads: open_model, builtin_guest and compile_guest from any thread at any time; all else one
//   at a time. Those that it starts take no signals.
// Signals: handlers of SIGSEGV, SIGBUS, SIGFPE and SIGILL are installed for the process when the
//   first runtime is made; what is no fault of a guest goes on to the handler that was there
//   before. One that is installed later has to pass on what is not its own.
// Fork: a child may make a runtime of its own. It does not use its parent's, nor destroy it (it
//   ends by exec or _exit): the threads are not there, and guests' memory is shared with the
//   parent.
class Runtime {
 public:
  // Errors: not_found for an unknown device, with the known names; unsupported for one that is not
  // usable here; invalid_argument for an unknown instruction set.
  static Result<Runtime> create(const RuntimeOptions& options);
  ~Runtime();
  Runtime(Runtime&&) noexcept;
  Runtime& operator=(Runtime&&) noexcept;

  DeviceInfo device() const;

  // Bytes that were copied to or from the device since it was opened; 0 where all is worked on in
  // place.
  std::uint64_t copied_bytes() const;

  // Calls `on_op` after each op of each run from now on, so that the first op whose bits differ
  // between two builds or devices is found; an empty one ends that. Runs are slower meanwhile. It
  // must not throw. Errors: unsupported where the device does not do ops one by one.
  Result<void> trace_hashes(std::function<void(const OpHash&)> on_op);

  // Opens a Hugging Face folder, or a bare FILE.safetensors for guests that need no more than
  // weights. Errors: not_found, corrupt, unsupported, with the file and the reason.
  Result<Model> open_model(const std::string& path) const;

  // Compiles a guest that is built in: "llama", "matmul", "mnist", "probe" or "vad".
  // Errors: not_found.
  Result<GuestModule> builtin_guest(std::string_view name) const;

  // Compiles a guest. Errors: corrupt when it is not WebAssembly; invalid_argument when it imports
  // what it is not given, lacks an export, or has what cannot be frozen (docs/abi.md).
  Result<GuestModule> compile_guest(std::span<const std::byte> wasm) const;

  // Starts an actor. `model` may be absent for guests that need none. Errors: invalid_argument for
  // a KV dtype that there is not; limit when the guest begins with more memory than it may have;
  // guest_failed when a segment lies outside its memory; out_of_memory.
  Result<Actor> spawn(const GuestModule& guest, const std::optional<Model>& model,
                      const ActorOptions& options) const;

  // One step of each actor that has something to do, equal programs of several actors as one run
  // of the device; records are left for Actor::take_output. Gives how many actors have more to do
  // now. An error ends the actor that it belongs to, and its next run() gives it, also one of no
  // steps. Precondition: the actors are of this runtime, and none is given twice.
  std::size_t step(std::span<Actor* const> actors) const;

  // Makes an actor of its file, or of the file's bytes. Nothing is computed again.
  // Errors: not_found, for a thin file without its guest too; io; corrupt, with what is wrong;
  // unsupported for a newer version; invalid_argument for another model or guest than it was frozen
  // with, with both digests; limit; out_of_memory.
  Result<ThawedActor> thaw(const std::string& path, const std::optional<Model>& model,
                           const ThawOptions& options) const;
  Result<ThawedActor> thaw(std::span<const std::byte> bytes, const std::optional<Model>& model,
                           const ThawOptions& options) const;

  // The way out for a file whose model or guest is another by now: makes a new actor that was sent
  // a message of driftwood.generate/1 to compute the frozen one's tokens again, and to go on with
  // the answer that it was giving, if it was. What comes then is this model's and this guest's, and
  // nothing of it is guaranteed to be what would have come. Errors: not_found where the file does
  // not say which tokens its rows stand for; invalid_argument for another tokenizer, with both
  // digests; those of thaw() for the file, and of spawn().
  Result<Actor> reprefill(const std::string& path, const GuestModule& guest, const Model& model,
                          const ActorOptions& options) const;

  // Does again all that the actor of this file did, from its first call, with the messages, random
  // bits, times and interruptions that its file keeps, and compares where that leads.
  // Errors: as thaw().
  Result<ReplayReport> replay(const std::string& path, const std::optional<Model>& model,
                              const ThawOptions& options) const;

  // The same for a guest of this program. Errors: limit while another one lives; invalid_argument;
  // out_of_memory.
  Result<Actor> spawn_native(const NativeGuest& guest, const std::optional<Model>& model,
                             const ActorOptions& options) const;

 private:
  Result<ReplayReport> replay_file(const actor::frozen::File& file,
                                   const std::optional<Model>& model,
                                   const ThawOptions& options) const;
  Result<ThawedActor> thaw_file(const actor::frozen::File& file, const std::optional<Model>& model,
                                const ThawOptions& options) const;

  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The version of this library: "0.1.0".
std::string_view version();

}  // namespace driftwood
