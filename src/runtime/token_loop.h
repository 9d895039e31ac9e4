// A llama guest driven by hand, token by token, so that each can be timed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "device/device.h"
#include "guest/guest.h"
#include "guest/module.h"
#include "runtime/handles.h"

namespace driftwood {

struct TokenTime {
  std::uint64_t device_ns = 0;   // in submit and wait
  std::uint64_t outside_ns = 0;  // in the guest, its imports and the loop
  std::uint32_t runs = 0;        // 2 when the whole row of logits was wanted

  double total_ms() const { return static_cast<double>(device_ns + outside_ns) * 1e-6; }
};

// Lifetime: the device outlives it.
class TokenLoop {
 public:
  using MakeGuest = std::function<Result<std::unique_ptr<guest::Guest>>(guest::Services)>;

  // Makes the guest and starts it.
  static Result<std::unique_ptr<TokenLoop>> create(device::Device& device,
                                                   std::shared_ptr<const model::Model> model,
                                                   const MakeGuest& make);

  // Begins a request over this prompt, which `settings` are added to, and works through the prompt;
  // gives its time. Errors: those that the guest reports.
  Result<std::uint64_t> begin(const std::vector<std::int32_t>& prompt,
                              const nlohmann::json& settings);

  // One more token.
  Result<TokenTime> next();

  // Goes on after a run that the caller did in place of next().
  Result<void> finish_run() { return settle(guest_->resume(guest::Event::run_done)); }

  // Ends the request. Errors: as Guest::resume.
  Result<void> end();

  // The run that the next token begins with.
  const guest::RunRequest& run() const { return *guest_->run(); }

 private:
  explicit TokenLoop(device::Device& device) : device_(&device) {}
  Result<void> step(TokenTime& time);
  Result<void> settle(Result<guest::Next> next);

  device::Device* device_;
  std::string last_record_;
  std::unique_ptr<guest::Guest> guest_;
  std::shared_ptr<const device::Executable> decoder_;
};

// The built-in guest as WebAssembly.
TokenLoop::MakeGuest wasm_llama(std::shared_ptr<const guest::Module> module);

// Token ids for a prompt: any of the vocabulary will do.
std::vector<std::int32_t> prompt_of(std::uint32_t tokens, std::uint64_t vocabulary_size);

// The model of this folder, or a seeded one for no folder.
Result<std::shared_ptr<const model::Model>> open_or_seed(const std::string& folder);

}  // namespace driftwood
