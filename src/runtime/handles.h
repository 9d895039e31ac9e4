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

using RecordSink = std::function<void(std::string_view record)>;

struct Runtime::Impl {
  std::unique_ptr<device::Device> device;
  std::shared_ptr<guest::Engine> engine;
};

struct GuestModule::Impl {
  explicit Impl(std::shared_ptr<const guest::Module> compiled) : module(std::move(compiled)) {}
  std::shared_ptr<const guest::Module> module;
};

struct Actor::Impl {
  RecordSink on_record;  // of the run() in progress; the guest's services refer to it
  std::unique_ptr<actor::Actor> actor;
};

// Errors: invalid_argument.
Result<void> check_options(const ActorOptions& options);

// What a guest gets from this host. Precondition: the options were checked. `on_record` is called
// for each record and outlives the guest.
guest::Services services(device::Device& device, std::shared_ptr<const model::Model> model,
                         const ActorOptions& options, const RecordSink& on_record);

}  // namespace driftwood
