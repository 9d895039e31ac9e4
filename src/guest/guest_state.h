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
#include "guest/input_log.h"
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
  std::uint64_t rows = 0;  // that its runs were asked to append to its states
  InputLog inputs;
  std::uint64_t output_bytes = 0;    // of the records written in this call
  std::uint32_t output_records = 0;  // how many they are
  LogBudget log_budget;
  LogLines standard_output{log::Level::info, log_budget};
  LogLines standard_error{log::Level::warning, log_budget};

  // The guest's clock: the host's, moved so that it stands still while the guest is saved.
  std::uint64_t now_ns() const { return services.now_ns() + clock_offset_ns_; }
  void set_clock(std::uint64_t now_ns) { clock_offset_ns_ = now_ns - services.now_ns(); }

  void drop_run() {
    run.reset();
    run_holds = nullptr;
  }

 private:
  std::uint64_t clock_offset_ns_ = 0;  // modulo 2^64
};

}  // namespace driftwood::guest
