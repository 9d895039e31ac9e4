// What the imports of one guest work on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest/guest.h"
#include "guest/guest_memory.h"
#include "guest/handle_table.h"
#include "guest/log_lines.h"
#include "memory/window.h"

namespace driftwood::guest {

struct GuestState {
  explicit GuestState(Services given)
      : services(std::move(given)),
        handles(services.limits.handles),
        log_budget(services.limits.log_bytes) {}

  Services services;
  GuestMemory memory;
  // Declared before the handles: a window takes itself out of the table when it goes.
  memory::WindowTable windows;
  HandleTable handles;
  // Made by this guest, for the quota.
  std::vector<std::weak_ptr<device::AppendState>> states;
  std::vector<std::weak_ptr<device::RegisterState>> registers;
  std::string error_text;  // of the last import that failed
  std::optional<std::string> message;
  // The run asked for, and what keeps alive everything that its sequence points to: a guest may
  // release its handles or bind others between graph_start and the run's end.
  std::optional<RunRequest> run;
  std::shared_ptr<const Bindings> run_holds;
  std::uint32_t last_run = 0;
  std::uint64_t output_bytes = 0;  // of the records written in this call
  LogBudget log_budget;
  LogLines standard_output{log::Level::info, log_budget};
  LogLines standard_error{log::Level::warning, log_budget};

  void drop_run() {
    run.reset();
    run_holds = nullptr;
  }
};

}  // namespace driftwood::guest
