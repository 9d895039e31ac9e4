#include "guest/guest.h"

#include "core/check.h"
#include "guest/abi.h"
#include "guest/compiled.h"
#include "guest/failure.h"
#include "guest/guest_instance.h"

namespace driftwood::guest {

Guest::Guest(std::unique_ptr<GuestInstance> instance) : instance_(std::move(instance)) {}

Guest::~Guest() {
  flush_log();
}

Result<std::unique_ptr<Guest>> Guest::create(std::shared_ptr<const Module> module,
                                             Services services) {
  DW_CHECK(services.is_complete());
  DW_TRY_ASSIGN(auto instance, make_wasm_instance(std::move(module), std::move(services)));
  return std::unique_ptr<Guest>(new Guest(std::move(instance)));
}

Result<std::unique_ptr<Guest>> Guest::create_native(NativeExports exports, Services services) {
  DW_CHECK(services.is_complete());
  DW_TRY_ASSIGN(auto instance, make_native_instance(exports, std::move(services)));
  return std::unique_ptr<Guest>(new Guest(std::move(instance)));
}

Result<std::unique_ptr<Guest>> Guest::restore(std::shared_ptr<const Module> module,
                                              Services services, const Snapshot& snapshot,
                                              const Fill& fill) {
  DW_CHECK(services.is_complete());
  DW_TRY_ASSIGN(auto instance, make_wasm_instance(std::move(module), std::move(services)));
  instance->clear_data();
  DW_TRY(instance->grow_memory(snapshot.memory_bytes));
  DW_TRY(fill(*instance->state.memory.region()));
  DW_TRY(instance->set_globals(snapshot.globals));
  DW_TRY(restore_state(instance->state, snapshot));
  std::unique_ptr<Guest> guest(new Guest(std::move(instance)));
  if (snapshot.started) guest->phase_ = snapshot.finished ? Phase::finished : Phase::waiting;
  guest->calls_ = snapshot.calls;
  return guest;
}

Result<Snapshot> Guest::snapshot() const {
  if (phase_ == Phase::failed) {
    return fail(ErrorCode::guest_failed, "The guest has failed, so nothing of it can go on.");
  }
  if (instance_->module() == nullptr) {
    return fail(ErrorCode::unsupported,
                "A guest that is part of this program cannot be saved: its data lies in the memory "
                "of the process.");
  }
  Snapshot snapshot = snapshot_of(state());
  snapshot.started = phase_ != Phase::fresh;
  snapshot.finished = phase_ == Phase::finished;
  snapshot.calls = calls_;
  snapshot.memory_bytes = region().committed_bytes();
  snapshot.globals = instance_->globals();
  return snapshot;
}

std::shared_ptr<const Module> Guest::module() const {
  return instance_->module();
}

device::Sequence Guest::take_sequence() {
  return std::move(state().run->sequence);
}

const InputLog& Guest::inputs() const {
  return state().inputs;
}

GuestState& Guest::state() const {
  return instance_->state;
}

void Guest::begin_call() {
  state().drop_run();
  state().output_bytes = 0;
  state().output_records = 0;
}

void Guest::flush_log() {
  state().standard_output.flush();
  state().standard_error.flush();
}

void Guest::drop_lines() {
  state().standard_output.drop();
  state().standard_error.drop();
}

Result<Next> Guest::start() {
  if (phase_ != Phase::fresh) {
    return fail(ErrorCode::invalid_argument, "The guest was started already.");
  }
  begin_call();
  return settle(kStartExport, instance_->start());
}

Result<Next> Guest::resume(Event event, const Result<void>& outcome) {
  switch (phase_) {
    case Phase::fresh:
      return fail(ErrorCode::invalid_argument, "The guest was not started yet.");
    case Phase::finished:
      return fail(ErrorCode::guest_failed, "The guest has finished.");
    case Phase::failed:
      return fail(ErrorCode::guest_failed, "The guest has failed before.");
    case Phase::waiting:
      break;
  }
  ++calls_;
  std::int32_t status = 0;
  std::string text;
  if (!outcome) {
    text = outcome.error().message();
    state().error_text = text;
    status = abi_code(outcome.error().code());
  }
  if (!outcome || event == Event::cancel || event == Event::deadline) {
    state().inputs.event({calls_, static_cast<std::int32_t>(event), status, std::move(text)});
  }
  begin_call();
  return settle(kResumeExport, instance_->resume(static_cast<std::int32_t>(event), status));
}

Result<Next> Guest::settle(std::string_view name, const Result<std::int32_t>& returned) {
  Result<Next> next = returned ? check_next(name, *returned) : pass_on(returned);
  if (!next) {
    phase_ = Phase::failed;
    state().drop_run();
  } else {
    phase_ = *next == Next::finished ? Phase::finished : Phase::waiting;
  }
  if (phase_ != Phase::waiting) flush_log();
  return next;
}

Result<Next> Guest::check_next(std::string_view name, std::int32_t next) const {
  if (next < 0) {
    return fail(
        ErrorCode::guest_failed, "The guest's {} ended with {} ({}).{}", name, next,
        abi_code_name(next),
        state().error_text.empty() ? "" : " Its last error: " + sentence(state().error_text));
  }
  if (next > static_cast<std::int32_t>(Next::finished)) {
    return fail(ErrorCode::guest_failed,
                "The guest's {} returned {}; the last that has a meaning is {}.", name, next,
                static_cast<std::int32_t>(Next::finished));
  }
  const auto known = static_cast<Next>(next);
  if (known == Next::run && !state().run) {
    return fail(ErrorCode::guest_failed, "The guest's {} waits for a run, but asked for none.",
                name);
  }
  if (known != Next::run && state().run) {
    return fail(ErrorCode::guest_failed, "The guest's {} asked for run {}, but returned {}.", name,
                state().run->number, next);
  }
  return known;
}

void Guest::set_message(std::string message) {
  state().inputs.message(message);
  state().message = std::move(message);
  state().log_budget.renew();
}

const std::optional<RunRequest>& Guest::run() const {
  return state().run;
}

void Guest::set_watch(std::function<Result<void>()> watch) {
  instance_->set_watch(std::move(watch));
}

void Guest::interrupt() {
  instance_->interrupt();
}

memory::Region& Guest::region() const {
  return *state().memory.region();
}

}  // namespace driftwood::guest
