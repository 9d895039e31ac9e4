// Drives the built-in llama guest step by step, so that a test sees what every run left in the
// windows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "device/device.h"
#include "guest/guest.h"
#include "model/model.h"
#include "runtime/handles.h"
#include "support/devices.h"
#include "support/reference_data.h"

namespace driftwood::test {

// One row of what top_logits gave.
struct TopRow {
  std::vector<std::int32_t> ids;  // best first
  std::vector<float> logits;
  float log_sum_exp;

  // The logits by id. Precondition: the best are all there are.
  std::map<std::int32_t, float> by_id() const;
  friend bool operator==(const TopRow&, const TopRow&) = default;
};

// The rows that the finished run of `request` left in its windows; none if the program has no
// top_logits.
std::vector<TopRow> read_top_rows(const guest::RunRequest& request);

struct Answer {
  std::vector<nlohmann::json> records;
  std::vector<TopRow> rows;  // of all runs, in order

  nlohmann::json find(std::string_view type) const;  // the first record of this type, or null
  std::vector<nlohmann::json> tokens(
      bool prompt) const;  // token records of the prompt, or of the new text
  std::string text() const;
};

enum class GuestKind { wasm, native };  // of the same source; a process has one native guest

// A llama guest over a model, on a device that the caller may share between several.
class LlamaBench {
 public:
  static Result<std::unique_ptr<LlamaBench>> open(std::shared_ptr<device::Device> device,
                                                  std::shared_ptr<const model::Model> model,
                                                  const ActorOptions& options = {},
                                                  GuestKind kind = GuestKind::wasm);

  // One request, answered completely.
  Result<Answer> ask(const nlohmann::json& request);

  // The same in steps: begin() hands the message over, finish_run() goes on after a run that the
  // caller did.
  Result<guest::Next> begin(const nlohmann::json& request);
  Result<guest::Next> finish_run(const Result<void>& outcome);
  const guest::RunRequest& run() const { return *guest_->run(); }
  Answer take_answer() { return std::exchange(answer_, {}); }

 private:
  explicit LlamaBench(std::shared_ptr<device::Device> device) : device_(std::move(device)) {}
  Result<guest::Next> settle(Result<guest::Next> next);

  std::shared_ptr<device::Device> device_;
  Answer answer_;
  std::unique_ptr<guest::Guest> guest_;
};

// A CPU device with this many threads; "" is the best instruction set.
std::shared_ptr<device::Device> cpu_device(unsigned thread_count, const std::string& isa = "");

// Answers a request of each of the guests, which share a device: whatever runs they ask for at one
// time are one submission. `on_submission` is told how many were.
Result<std::vector<Answer>> ask_together(device::Device& device,
                                         std::span<const std::unique_ptr<LlamaBench>> benches,
                                         std::span<const nlohmann::json> requests,
                                         const std::function<void(std::size_t)>& on_submission);

}  // namespace driftwood::test
