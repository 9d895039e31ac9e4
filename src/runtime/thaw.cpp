// Actors to and from files.
#include <driftwood/runtime.h>

#include <utility>

#include "actor/freeze.h"
#include "actor/frozen_file.h"
#include "actor/replay.h"
#include "actor/scheduler.h"
#include "actor/thaw.h"
#include "core/error.h"
#include "os/replace_file.h"
#include "runtime/handles.h"

namespace driftwood {
namespace {

os::Durability durability_of(const FreezeOptions& options) {
  return options.durability == Durability::synced ? os::Durability::synced : os::Durability::none;
}

Sameness sameness_of(actor::Sameness sameness) {
  return sameness == actor::Sameness::identical ? Sameness::identical : Sameness::same_state;
}

// The guest that the file is to go on with.
Result<std::shared_ptr<const guest::Module>> find_module(
    const actor::frozen::File& file, const ThawOptions& options,
    const std::shared_ptr<guest::Engine>& engine) {
  if (options.guest) return options.guest->impl().module;
  DW_TRY_ASSIGN(const auto wasm, actor::module_of(file));
  return guest::Module::compile(engine, wasm);
}

guest::Services services_for(device::Device& device, const std::optional<Model>& model,
                             const ThawOptions& options) {
  ActorOptions asked;
  asked.limits = options.limits;
  return services(device, model ? model->impl() : nullptr, asked);
}

}  // namespace

Result<FreezeReport> Actor::freeze(const std::string& path, const FreezeOptions& options) const {
  DW_TRY(impl_->actor->hydrate());
  DW_TRY_ASSIGN(const auto frozen, actor::Frozen::make(*impl_->actor, {.thin = options.thin}));
  DW_TRY(os::replace_file(path, frozen->file().parts(), durability_of(options)));
  return FreezeReport{.file_bytes = frozen->file().size_bytes(),
                      .state_rows = frozen->state_rows()};
}

Result<std::vector<std::byte>> Actor::freeze(const FreezeOptions& options) const {
  DW_TRY(impl_->actor->hydrate());
  DW_TRY_ASSIGN(const auto frozen, actor::Frozen::make(*impl_->actor, {.thin = options.thin}));
  std::vector<std::byte> bytes(frozen->file().size_bytes());
  frozen->file().copy_to(bytes);
  return bytes;
}

Result<Actor> Actor::fork() const {
  DW_TRY(impl_->actor->hydrate());
  auto impl = std::make_unique<Impl>();
  DW_TRY_ASSIGN(impl->actor, impl_->actor->fork());
  return Actor(std::move(impl));
}

Result<void> Actor::undo(std::uint32_t turns) {
  return impl_->actor->undo(turns);
}

Result<void> Actor::park(const std::string& path) {
  return impl_->actor->park(path);
}

bool Actor::is_parked() const {
  return impl_->actor->is_parked();
}

std::vector<OutputRecord> Actor::take_output() {
  actor::OutputQueue& queue = impl_->actor->output();
  std::vector<OutputRecord> taken;
  while (!queue.records().empty()) {
    const std::uint64_t position = queue.first_position();
    taken.push_back({position, queue.pop()});
  }
  return taken;
}

std::size_t Runtime::step(std::span<Actor* const> actors) const {
  std::vector<actor::Actor*> own;
  for (Actor* actor : actors) own.push_back(actor->impl_->actor.get());
  actor::Scheduler(*impl_->device).step(own);
  std::size_t ready = 0;
  for (const actor::Actor* actor : own) ready += actor->is_ready();
  return ready;
}

Result<ThawedActor> Runtime::thaw_file(const actor::frozen::File& file,
                                       const std::optional<Model>& model,
                                       const ThawOptions& options) const {
  if (options.verify) DW_TRY(file.verify_checksums(actor::frozen::File::Checked::bulk));
  DW_TRY_ASSIGN(auto module, find_module(file, options, impl_->engine));
  DW_TRY_ASSIGN(actor::Thawed thawed,
                actor::thaw(file, services_for(*impl_->device, model, options), std::move(module)));
  auto impl = std::make_unique<Actor::Impl>();
  impl->actor = std::move(thawed.actor);
  impl->actor->keep_turns(options.undo_turns);
  return ThawedActor{Actor(std::move(impl)),
                     {.sameness = sameness_of(thawed.sameness),
                      .state_rows = thawed.rows,
                      .bytes_read = thawed.bytes_read}};
}

Result<ThawedActor> Runtime::thaw(const std::string& path, const std::optional<Model>& model,
                                  const ThawOptions& options) const {
  DW_TRY_ASSIGN(const auto file, actor::frozen::File::open(path));
  auto thawed = thaw_file(file, model, options);
  if (!thawed) return pass_on(thawed, path);
  return thawed;
}

Result<ThawedActor> Runtime::thaw(std::span<const std::byte> bytes,
                                  const std::optional<Model>& model,
                                  const ThawOptions& options) const {
  DW_TRY_ASSIGN(const auto file, actor::frozen::File::of(bytes));
  return thaw_file(file, model, options);
}

Result<ReplayReport> Runtime::replay_file(const actor::frozen::File& file,
                                          const std::optional<Model>& model,
                                          const ThawOptions& options) const {
  if (options.verify) DW_TRY(file.verify_checksums(actor::frozen::File::Checked::bulk));
  DW_TRY_ASSIGN(auto module, find_module(file, options, impl_->engine));
  DW_TRY_ASSIGN(auto replayed, actor::replay(file, services_for(*impl_->device, model, options),
                                             std::move(module)));
  return ReplayReport{.is_equal = replayed.difference.empty(),
                      .calls = replayed.calls,
                      .difference = std::move(replayed.difference)};
}

Result<ReplayReport> Runtime::replay(const std::string& path, const std::optional<Model>& model,
                                     const ThawOptions& options) const {
  DW_TRY_ASSIGN(const auto file, actor::frozen::File::open(path));
  auto replayed = replay_file(file, model, options);
  if (!replayed) return pass_on(replayed, path);
  return replayed;
}

}  // namespace driftwood
