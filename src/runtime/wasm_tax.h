// What WebAssembly costs a token: the same guest source compiled both ways, over one device and
// one model, token by token in turn.
#pragma once

#include <memory>
#include <vector>

#include <driftwood/bench.h>

#include "device/device.h"
#include "guest/module.h"
#include "model/model.h"

namespace driftwood {

inline constexpr int kTaxWarmUps = 5;  // pairs of tokens before those that count

// Greedy first, then sampled. A process can do this once, since it has one native guest.
// Errors: as TokenLoop.
Result<std::vector<BenchReport::Tax>> measure_wasm_tax(
    device::Device& device, const std::shared_ptr<const model::Model>& model,
    std::shared_ptr<const guest::Module> llama, const NativeGuest& native_llama,
    const std::vector<std::int32_t>& prompt, std::uint32_t pairs);

}  // namespace driftwood
