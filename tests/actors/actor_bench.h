// Actors for tests: with a clock and random bits that are the same in every process, so that two
// runs of one conversation can be compared byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actor/actor.h"
#include "actor/freeze.h"
#include "actor/thaw.h"
#include "device/registry.h"
#include "guest/module.h"
#include "model/model.h"

namespace driftwood::test {

// What a bench works on. Precondition of a bench: it is here (DW_NEED_DEVICE).
struct BenchDevice {
  std::string kind = "cpu";
  unsigned thread_count = 1;  // of the CPU
  std::string isa;            // of the CPU
};

// A device, a model and a guest's module, from which actors are made.
class ActorBench {
 public:
  // `guest` is a name of a built-in guest.
  ActorBench(std::shared_ptr<const model::Model> model, std::string_view guest,
             const BenchDevice& device = {});
  // With the bytes of any guest's module.
  ActorBench(std::shared_ptr<const model::Model> model, std::span<const std::byte> wasm,
             const BenchDevice& device = {});

  device::Device& device() const { return *device_; }
  guest::Services services() const;

  std::unique_ptr<actor::Actor> spawn() const;
  std::unique_ptr<actor::Actor> thaw(const actor::frozen::File& file) const;

  // The actor after freezing it to memory and thawing that.
  std::unique_ptr<actor::Actor> through_file(const actor::Actor& actor) const;

  const std::shared_ptr<const guest::Module>& module() const { return module_; }

 private:
  std::unique_ptr<device::Device> device_;
  std::shared_ptr<const model::Model> model_;
  std::shared_ptr<const guest::Module> module_;
};

// A model of the Llama family of 2 layers with 272 tokens, which are no text: a GPU in software
// takes some milliseconds for one of them.
std::shared_ptr<const model::Model> small_llama();

// The file's bytes.
std::vector<std::byte> freeze(const actor::Actor& actor, const actor::FreezeOptions& options = {});

// A hash of everything that an actor is: memory, globals, states, registers, handles, bindings,
// mailbox, pending event, output that waits. Equal actors have equal ones.
std::uint64_t digest_of(const actor::Actor& actor);

// The actor's steps, up to `count` of them, each followed by its digest; records are appended to
// `records`.
std::vector<std::uint64_t> digests_of_steps(actor::Actor& actor, std::uint64_t count,
                                            std::vector<std::string>& records);

}  // namespace driftwood::test
