// One running guest: an instance of a WebAssembly module over a region, or the same source compiled
// into this program; its handles, and what it asked for. A guest is quiescent between calls: it
// never waits inside an import. It asks for a run and returns; its owner has the device do the run
// and calls resume().
//
// Lifetime: the guest holds its module, region, windows, states and graphs. Its device outlives it,
//   and no run of its is in flight when it is destroyed.
// Threads: one at a time, except interrupt().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "device/device.h"
#include "guest/module.h"
#include "guest/snapshot.h"
#include "memory/region.h"
#include "model/model.h"

namespace driftwood::guest {

// Numbers of the guest ABI (sdk/driftwood.h).
enum class Event : std::int32_t {
  message = 1,
  run_done = 2,
  cancel = 3,
  deadline = 4,
  shutdown = 5,
  proceed = 6
};
enum class Next : std::int32_t { idle = 0, run = 1, proceed = 2, finished = 3 };

// What one guest may use. Each is answered with an error of its own when it is reached.
struct Limits {
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;    // of linear memory
  std::uint64_t device_bytes = std::uint64_t{64} << 30;   // of states and of a run's temporaries
  std::uint64_t program_bytes = std::uint64_t{64} << 20;  // of its graphs, as encoded
  std::uint32_t handles = 4096;                           // alive at once
  std::uint64_t output_record_bytes = std::uint64_t{16} << 20;  // of one record
  std::uint64_t output_bytes = std::uint64_t{64} << 20;         // of all records of one call
  std::uint64_t log_bytes = std::uint64_t{1} << 20;             // of its lines, for each message
  std::uint64_t input_log_bytes = std::uint64_t{64} << 20;      // that it asks times or bits for
  std::uint64_t rows = UINT64_MAX;         // that all its runs append to its states: tokens
  std::uint64_t call_ns = 10'000'000'000;  // of processor time in one call of the guest
};

// What the host does for a guest. Everything that is not a pure function of the guest's arguments
// comes from here, so that an owner can record and replay it.
struct Services {
  device::Device* device;
  std::shared_ptr<const model::Model> model;  // null if the actor has none
  std::string options_json = "{}";            // DW_CONFIG_OPTIONS
  Limits limits;
  std::function<void(std::string_view record)> write_output;
  std::function<std::uint64_t()> random_bits;
  std::function<std::uint64_t()> now_ns;

  // Whether everything that a guest must have is there.
  bool is_complete() const { return device != nullptr && write_output && random_bits && now_ns; }
};

// The exports of a guest that was compiled into this program.
struct NativeExports {
  std::int32_t (*start)();
  std::int32_t (*resume)(std::int32_t event, std::int32_t status);
};

// A run that the guest asked for. Valid until the guest is resumed or destroyed.
struct RunRequest {
  std::uint32_t number;
  std::shared_ptr<const device::Executable> executable;
  device::Sequence sequence;
};

class GuestInstance;
struct GuestState;

class Guest {
 public:
  // Instantiates the module. Errors: guest_failed for a segment that lies outside of its memory or
  // table; out_of_memory; limit when its memory is larger than it may be.
  static Result<std::unique_ptr<Guest>> create(std::shared_ptr<const Module> module,
                                               Services services);

  // Takes a guest that is part of this program, for debuggers, sanitizers and comparison. It has no
  // sandbox: it can do what the program can, no watch, limit of time or interrupt() ends it, and
  // its heap is not counted. Its globals are those of the process, so one lives at a time, and it
  // starts once. Errors: limit while another one lives; out_of_memory for the region of its
  // windows.
  static Result<std::unique_ptr<Guest>> create_native(NativeExports exports, Services services);

  // Makes a guest that goes on from a snapshot: the memory grown to its size, its bytes, which are
  // zero, set by `fill`, and every descriptor checked as if it came from outside. Errors: corrupt
  // for what no guest of this module can be; limit; those of create, of `fill` and of
  // Device::import_host.
  using Fill = std::function<Result<void>(memory::Region& region)>;
  static Result<std::unique_ptr<Guest>> restore(std::shared_ptr<const Module> module,
                                                Services services, const Snapshot& snapshot,
                                                const Fill& fill);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  // Calls _initialize, if there is one, and driftwood_start, once, and driftwood_resume. After
  // Next::run, run() holds the request. `outcome` is that of the run which ended: the guest gets
  // its code as the status and its sentence by error_text. Errors: guest_failed when it traps,
  // computes longer than it may, breaks the ABI, or returns an error code, and those of a watch,
  // the guest then being over; guest_failed when it was over before; invalid_argument when it was
  // started twice or never.
  Result<Next> start();
  Result<Next> resume(Event event, const Result<void>& outcome = {});

  // The message that message_read gives, until the next call of this. The next resume() tells of
  // it.
  void set_message(std::string message);

  // What the guest is now; valid until its next call. Precondition: the run that it asked for, if
  // any, has ended. Errors: unsupported for a guest of this program; guest_failed for one that has
  // failed.
  Result<Snapshot> snapshot() const;

  // Leaves the lines of its output that are not complete to whoever goes on from its snapshot;
  // otherwise they are logged when it is destroyed.
  void drop_lines();

  // What reached the guest so far.
  const InputLog& inputs() const;

  // Null for a guest of this program.
  std::shared_ptr<const Module> module() const;

  // The run that was asked for in the last call, if any.
  const std::optional<RunRequest>& run() const;
  // Takes what the run binds out of it. Precondition: there is one.
  device::Sequence take_sequence();

  // `watch` is asked about every 10 ms during calls that last as long, on the guest's thread; an
  // error ends the guest with its code, and with its text as the reason.
  void set_watch(std::function<Result<void>()> watch);

  // Makes a call in progress trap soon. Threads: any.
  void interrupt();

  memory::Region& region() const;

 private:
  enum class Phase { fresh, waiting, finished, failed };

  explicit Guest(std::unique_ptr<GuestInstance> instance);
  GuestState& state() const;
  void begin_call();
  void flush_log();
  // Judges what an export returned.
  Result<Next> settle(std::string_view name, const Result<std::int32_t>& returned);
  Result<Next> check_next(std::string_view name, std::int32_t next) const;

  std::unique_ptr<GuestInstance> instance_;
  Phase phase_ = Phase::fresh;
  std::uint64_t calls_ = 0;  // of resume()
};

}  // namespace driftwood::guest
