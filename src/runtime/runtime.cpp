#include <driftwood/runtime.h>

#include "core/error.h"
#include "device/registry.h"
#include "runtime/builtin_guests.h"
#include "runtime/handles.h"

namespace driftwood {

Result<std::unique_ptr<device::Device>> open_device(const RuntimeOptions& options) {
  return device::open_device(options.device, {.thread_count = options.thread_count,
                                              .isa = options.isa,
                                              .cache_folder = options.cache_folder,
                                              .validate = options.validate,
                                              .on_upload = options.on_upload});
}

Result<Runtime> Runtime::create(const RuntimeOptions& options) {
  auto impl = std::make_unique<Impl>();
  DW_TRY_ASSIGN(impl->device, open_device(options));
  DW_TRY_ASSIGN(impl->engine, guest::Engine::create(options.cache_folder));
  return Runtime(std::move(impl));
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::~Runtime() = default;
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&&) noexcept = default;

DeviceInfo Runtime::device() const {
  const auto& capabilities = impl_->device->capabilities();
  return {capabilities.name, capabilities.description, capabilities.numerics};
}

std::uint64_t Runtime::copied_bytes() const {
  return impl_->device->copied_bytes().total();
}

Result<void> Runtime::trace_hashes(std::function<void(const OpHash&)> on_op) {
  if (!on_op) return impl_->device->observe({});
  return impl_->device->observe([on_op = std::move(on_op)](const device::OpEvent& event) {
    on_op({event.run, event.op, event.program.ops[event.op].definition->name,
           device::hash_outputs(event)});
  });
}

Result<Model> Runtime::open_model(const std::string& path) const {
  DW_TRY_ASSIGN(auto opened, model::open_model(path));
  return Model(std::move(opened));
}

Result<GuestModule> Runtime::builtin_guest(std::string_view name) const {
  DW_TRY_ASSIGN(const auto wasm, builtin_guest_bytes(name));
  return compile_guest(wasm);
}

Result<GuestModule> Runtime::compile_guest(std::span<const std::byte> wasm) const {
  DW_TRY_ASSIGN(auto module, guest::Module::compile(impl_->engine, wasm));
  return GuestModule(std::make_shared<GuestModule::Impl>(std::move(module)));
}

Result<Actor> Runtime::spawn(const GuestModule& guest, const std::optional<Model>& model,
                             const ActorOptions& options) const {
  DW_TRY(check_options(options));
  auto impl = std::make_unique<Actor::Impl>();
  DW_TRY_ASSIGN(impl->actor, actor::Actor::create(
                                 services(*impl_->device, model ? model->impl() : nullptr, options),
                                 guest.impl().module));
  impl->actor->keep_turns(options.undo_turns);
  return Actor(std::move(impl));
}

Result<Actor> Runtime::spawn_native(const NativeGuest& guest, const std::optional<Model>& model,
                                    const ActorOptions& options) const {
  DW_TRY(check_options(options));
  auto impl = std::make_unique<Actor::Impl>();
  DW_TRY_ASSIGN(impl->actor, actor::Actor::create(
                                 services(*impl_->device, model ? model->impl() : nullptr, options),
                                 [&guest](guest::Services own) {
                                   return guest::Guest::create_native({guest.start, guest.resume},
                                                                      std::move(own));
                                 }));
  return Actor(std::move(impl));
}

std::vector<DeviceDescription> list_devices() {
  std::vector<DeviceDescription> all;
  for (device::DeviceDescription& device : device::list_devices()) {
    all.push_back(
        {std::move(device.name), std::move(device.description), std::move(device.missing)});
  }
  return all;
}

std::string_view version() {
  return DRIFTWOOD_VERSION;
}

}  // namespace driftwood
