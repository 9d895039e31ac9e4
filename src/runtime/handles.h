// What the public handles hold.
#pragma once

#include <driftwood/actor.h>
#include <driftwood/runtime.h>

#include <functional>
#include <memory>
#include <string_view>

#include "actor/actor.h"
#include "device/device.h"
#include "guest/guest.h"
#include "guest/module.h"

namespace driftwood {

struct Runtime::Impl {
  std::unique_ptr<device::Device> device;
  std::shared_ptr<guest::Engine> engine;
};

struct GuestModule::Impl {
  explicit Impl(std::shared_ptr<const guest::Module> compiled) : module(std::move(compiled)) {}
  std::shared_ptr<const guest::Module> module;
};

struct Actor::Impl {
  std::unique_ptr<actor::Actor> actor;
};

// The device that they name, as they want it. Errors: those of device::open_device().
Result<std::unique_ptr<device::Device>> open_device(const RuntimeOptions& options);

// Errors: invalid_argument.
Result<void> check_options(const ActorOptions& options);

// What a guest gets from this host, but a place for its records. Precondition: the options were
// checked.
guest::Services services(device::Device& device, std::shared_ptr<const model::Model> model,
                         const ActorOptions& options);

}  // namespace driftwood
