// What the measurements of actors share: a model, a device and a module that are there already, and
// conversations of a certain length.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actor/actor.h"
#include "core/error.h"
#include "device/device.h"
#include "guest/module.h"
#include "model/model.h"

namespace driftwood::costs {

// Milliseconds that `work` takes. Errors: those of `work`.
Result<double> time_ms(const std::function<Result<void>()>& work);

struct Conversation {
  std::uint32_t prompt_tokens;
  std::uint32_t new_tokens;
  std::uint64_t seed;  // of the prompt's ids
};

class Setup {
 public:
  // Its fingerprint is made here, so that it is no part of what is measured. Errors: those of
  // opening the model, the device and the built-in guest.
  static Result<Setup> open(const std::string& model_folder, unsigned thread_count);

  device::Device& device() const { return *device_; }
  const model::Model& model() const { return *model_; }
  const std::shared_ptr<const guest::Module>& module() const { return module_; }
  guest::Services services() const;

  // A greedy request for the text guest, without an end before its last token.
  std::string request(const Conversation& conversation) const;
  std::string request(const std::vector<std::uint64_t>& prompt_ids, std::uint32_t new_tokens) const;

  // Ids of tokens, others for each seed.
  std::vector<std::uint64_t> ids(std::uint32_t count, std::uint64_t seed) const;

  Result<std::unique_ptr<actor::Actor>> spawn() const;

  // An actor in the middle of an answer whose cache has this many rows; after that it can make at
  // least `more` further tokens.
  Result<std::unique_ptr<actor::Actor>> talking(std::uint32_t rows, std::uint32_t more) const;

 private:
  std::unique_ptr<device::Device> device_;
  std::shared_ptr<const model::Model> model_;
  std::shared_ptr<const guest::Module> module_;
  std::uint64_t vocabulary_ = 0;
};

// One step, its records appended to `records`.
Result<void> step(actor::Actor& actor, std::vector<std::string>* records = nullptr);

// All steps until the actor waits for a message. Errors: io for an error record.
Result<std::vector<std::string>> answer(actor::Actor& actor);

}  // namespace driftwood::costs
