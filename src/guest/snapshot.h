// What one guest is between two calls of it: descriptors, never addresses, beside its memory,
// states and registers, which are held and not copied. Freezing writes it down, forking makes
// copies of what it holds, and Guest::restore makes a guest of it again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "device/device.h"
#include "guest/global.h"
#include "guest/input_log.h"
#include "memory/region.h"
#include "memory/window.h"

namespace driftwood::guest {

struct Snapshot {
  // A graph and what is bound to it, as indices into the lists below; nothing where nothing is.
  struct Graph {
    struct Place {
      std::optional<std::uint32_t> window;
      std::uint64_t offset_bytes = 0;
      bool operator==(const Place&) const = default;
    };
    std::shared_ptr<const device::Executable> executable;
    std::vector<Place> windows;
    std::vector<std::optional<std::uint32_t>> states, registers;
  };

  enum class Kind : std::uint32_t { model, window, state, reg, graph };
  static constexpr std::uint32_t kKinds = 5;

  // A handle that is alive. The index is 0 for the model.
  struct Handle {
    std::uint32_t number;
    Kind kind;
    std::uint32_t index;
    bool operator==(const Handle&) const = default;
  };

  bool started = false;     // driftwood_start was called
  bool finished = false;    // the guest is never to be called again
  std::uint64_t calls = 0;  // of driftwood_resume
  std::uint64_t memory_bytes = 0;
  std::shared_ptr<memory::Region> region;  // null where the bytes come from elsewhere
  std::vector<Global> globals;
  std::vector<memory::WindowRange> windows;
  std::vector<std::shared_ptr<device::AppendState>> states;
  std::vector<std::shared_ptr<device::RegisterState>> registers;
  std::vector<Graph> graphs;
  std::vector<Handle> handles;  // by number
  std::uint32_t last_handle = 0;
  std::uint32_t last_run = 0;
  std::uint64_t rows = 0;       // that its runs were asked to append, for the limit of tokens
  std::uint64_t clock_ns = 0;   // what `now` would give
  std::uint64_t log_bytes = 0;  // that its lines took of their limit
  std::string error_text;       // of the last import that failed
  std::optional<std::string> message;
  std::string standard_output, standard_error;  // of lines that are not complete
  InputLog inputs;
};

// A snapshot of the same guest whose states and registers are copies: blocks are shared until
// either side writes. Errors: out_of_memory.
Result<Snapshot> fork(const Snapshot& snapshot);

struct GuestState;

// All but what the instance knows: memory_bytes, globals, started, finished and calls.
Snapshot snapshot_of(const GuestState& guest);

// Makes what the snapshot describes, each descriptor checked against what the guest may have; the
// guest's memory has its final bytes. Precondition: `guest` is fresh. Errors: corrupt for
// descriptors that no guest can have; limit; those of Window::share.
Result<void> restore_state(GuestState& guest, const Snapshot& snapshot);

}  // namespace driftwood::guest
