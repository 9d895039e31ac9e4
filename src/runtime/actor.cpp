#include <driftwood/actor.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "os/process.h"
#include "runtime/handles.h"

namespace driftwood {
namespace {

guest::Limits limits_of(const ActorLimits& asked) {
  guest::Limits limits;
  // A guest that fills its states would otherwise end the process where the machine has less.
  limits.device_bytes = std::min(limits.device_bytes, os::physical_memory_bytes() / 2);
  limits.memory_bytes = asked.memory_bytes.value_or(limits.memory_bytes);
  limits.device_bytes = asked.device_bytes.value_or(limits.device_bytes);
  limits.program_bytes = asked.program_bytes.value_or(limits.program_bytes);
  limits.handles = asked.handle_count.value_or(limits.handles);
  limits.output_record_bytes = asked.record_bytes.value_or(limits.output_record_bytes);
  limits.output_bytes = asked.output_bytes.value_or(limits.output_bytes);
  limits.log_bytes = asked.log_bytes.value_or(limits.log_bytes);
  limits.rows = asked.tokens.value_or(limits.rows);
  limits.call_ns = asked.call_ns.value_or(limits.call_ns);
  return limits;
}

constexpr std::array<std::string_view, 4> kKvDtypes = {"", "f32", "bf16", "f16"};

}  // namespace

Result<void> check_options(const ActorOptions& options) {
  if (std::ranges::count(kKvDtypes, options.kv_dtype) > 0) return {};
  // As JSON, so that bytes that are no text stay out of the message.
  const std::string given = nlohmann::json(options.kv_dtype)
                                .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return fail(ErrorCode::invalid_argument, "KV dtype {} is none of \"f32\", \"bf16\" and \"f16\".",
              given);
}

guest::Services services(device::Device& device, std::shared_ptr<const model::Model> model,
                         const ActorOptions& options) {
  nlohmann::json asked = nlohmann::json::object();
  if (options.context_rows) asked["context"] = *options.context_rows;
  if (!options.kv_dtype.empty()) asked["kv_dtype"] = options.kv_dtype;
  return {
      .device = &device,
      .model = std::move(model),
      .options_json = asked.dump(),
      .limits = limits_of(options.limits),
      .write_output = {},
      .random_bits = os::random_bits,
      .now_ns = os::monotonic_ns,
  };
}

Actor::Actor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Actor::~Actor() = default;
Actor::Actor(Actor&&) noexcept = default;
Actor& Actor::operator=(Actor&&) noexcept = default;

void Actor::send(std::string message, std::optional<std::uint64_t> timeout_ns) {
  impl_->actor->send(std::move(message), timeout_ns);
}

Result<ActorStatus> Actor::run(const std::function<void(std::string_view record)>& on_record,
                               std::uint64_t most_steps) {
  const actor::Actor::RecordSink drop = [](std::string_view) {};
  auto status = impl_->actor->run(on_record ? on_record : drop, most_steps);
  if (!status) return pass_on(status);
  switch (*status) {
    case actor::Status::idle:
      return ActorStatus::idle;
    case actor::Status::paused:
      return ActorStatus::paused;
    case actor::Status::finished:
      break;
  }
  return ActorStatus::finished;
}

void Actor::cancel() {
  impl_->actor->cancel();
}

}  // namespace driftwood
