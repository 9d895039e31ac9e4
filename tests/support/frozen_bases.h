// Frozen actors that hostile tests begin with: together they have everything that a file can hold.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "actor/actor.h"
#include "guest/module.h"

namespace driftwood::test {

struct FrozenBase {
  std::string name;
  guest::Services services;  // their device lives as long as the process
  std::shared_ptr<const guest::Module> module;
  std::vector<std::byte> bytes;  // without the module
  std::uint64_t steps;           // that are worth making after a thaw
};

// Of a small guest with every kind of handle, weights, a state with rows, registers, bindings,
// messages that wait and records that nobody took: when it is idle, waits for a run's end, and
// waits for the end of one that failed.
std::vector<FrozenBase> small_frozen_bases();

// Of the guest `llama` on a seeded model: before its start, within its prompt, within its answer
// and after it.
std::vector<FrozenBase> llama_frozen_bases();

}  // namespace driftwood::test
