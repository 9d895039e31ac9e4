#include "actors/actor_bench.h"

#include <gtest/gtest.h>

#include "core/checksum.h"
#include "device/test_support.h"
#include "runtime/builtin_guests.h"
#include "support/devices.h"

namespace driftwood::test {

using device::testing::must;

ActorBench::ActorBench(std::shared_ptr<const model::Model> model, std::string_view guest,
                       const BenchDevice& device)
    : ActorBench(std::move(model), must(builtin_guest_bytes(guest)), device) {}

ActorBench::ActorBench(std::shared_ptr<const model::Model> model, std::span<const std::byte> wasm,
                       const BenchDevice& device)
    : device_(open_device_of_kind(device.kind,
                                  {.thread_count = device.thread_count, .isa = device.isa})),
      model_(std::move(model)),
      module_(must(guest::Module::compile(must(guest::Engine::create()), wasm))) {}

guest::Services ActorBench::services() const {
  guest::Services services;
  services.device = device_.get();
  services.model = model_;
  services.random_bits = [] { return std::uint64_t{0x9e3779b97f4a7c15}; };
  services.now_ns = [] { return std::uint64_t{1'000'000}; };
  return services;
}

std::unique_ptr<actor::Actor> ActorBench::spawn() const {
  return must(actor::Actor::create(services(), module_));
}

std::unique_ptr<actor::Actor> ActorBench::thaw(const actor::frozen::File& file) const {
  return must(actor::thaw(file, services(), module_)).actor;
}

std::unique_ptr<actor::Actor> ActorBench::through_file(const actor::Actor& actor) const {
  const auto bytes = freeze(actor);
  return thaw(must(actor::frozen::File::of(bytes)));
}

std::vector<std::byte> freeze(const actor::Actor& actor, const actor::FreezeOptions& options) {
  const auto frozen = must(actor::Frozen::make(actor, options));
  std::vector<std::byte> bytes(frozen->file().size_bytes());
  frozen->file().copy_to(bytes);
  return bytes;
}

std::shared_ptr<const model::Model> small_llama() {
  return must(model::open_folder(DRIFTWOOD_SOURCE_DIR "/tests/goldens/llama32-f32"));
}

// By its file, which is a function of what the actor is.
std::uint64_t digest_of(const actor::Actor& actor) {
  return xxh3(must(actor::Frozen::make(actor, {.thin = true}))->file().parts());
}

std::vector<std::uint64_t> digests_of_steps(actor::Actor& actor, std::uint64_t count,
                                            std::vector<std::string>& records) {
  std::vector<std::uint64_t> digests;
  while (digests.size() < count && actor.is_ready()) {
    must(actor.run([&](std::string_view record) { records.emplace_back(record); }, 1));
    digests.push_back(digest_of(actor));
  }
  return digests;
}

}  // namespace driftwood::test
