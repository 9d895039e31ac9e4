// What is bound to the slots of a program, and the rules for it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/error.h"
#include "device/device.h"
#include "graph/program.h"
#include "guest/shared_window.h"

namespace driftwood::guest {

// Null where nothing is bound yet.
struct Bindings {
  struct Place {
    std::shared_ptr<Window> window;
    std::uint64_t offset_bytes = 0;
  };

  // Nothing is bound yet.
  explicit Bindings(const graph::Program& program)
      : windows(program.windows.size()),
        states(program.states.size()),
        registers(program.registers.size()) {}

  std::vector<Place> windows;
  std::vector<std::shared_ptr<device::AppendState>> states;
  std::vector<std::shared_ptr<device::RegisterState>> registers;
};

// Each binds one slot of `program`. Errors: invalid_argument when there is no such slot or the
// object does not fit it; whether a window is long enough depends on the run.
Result<void> bind_window(const graph::Program& program, std::uint32_t slot,
                         std::shared_ptr<Window> window, std::uint64_t offset_bytes,
                         Bindings& bindings);
Result<void> bind_state(const graph::Program& program, std::uint32_t slot,
                        std::shared_ptr<device::AppendState> state, Bindings& bindings);
Result<void> bind_register(const graph::Program& program, std::uint32_t slot,
                           std::shared_ptr<device::RegisterState> state, Bindings& bindings);

}  // namespace driftwood::guest
