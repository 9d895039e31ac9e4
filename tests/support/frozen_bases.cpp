#include "support/frozen_bases.h"

#include <nlohmann/json.hpp>

#include "actor/freeze.h"
#include "actor/scheduler.h"
#include "device/registry.h"
#include "device/test_support.h"
#include "guest/test_support.h"
#include "runtime/builtin_guests.h"
#include "support/program_fate.h"
#include "support/sample_programs.h"

namespace driftwood::test {
namespace {

using device::testing::must;
using guest::test::Script;

constexpr std::uint32_t kPage = 65536;
constexpr std::uint32_t kRecord = 5000, kShapes = 5100, kSymbols = 5200, kBindings = 5300;
constexpr std::uint32_t kPrograms = 8192, kWindow = 2 * kPage;

device::Device& device() {
  static const auto kDevice = must(device::open_device("cpu", {.thread_count = 1, .isa = ""}));
  return *kDevice;
}

guest::Services services_with(std::shared_ptr<const model::Model> model) {
  guest::Services services;
  services.device = &device();
  services.model = std::move(model);
  services.limits.memory_bytes = 1 << 26;
  services.limits.device_bytes = 1 << 26;
  services.limits.program_bytes = 1 << 20;
  services.limits.handles = 256;
  services.limits.call_ns = 200'000'000;
  services.random_bits = [] { return std::uint64_t{42}; };
  services.now_ns = [] { return std::uint64_t{1'000'000}; };
  return services;
}

std::shared_ptr<const model::Model> few_weights() {
  auto model = std::make_shared<model::Model>();
  model->name = "few weights";
  model->config_json = "{}";
  model->generation_config_json = "{}";
  model->weights = std::make_shared<FewWeights>();
  return model;
}

// Handles: model 1, windows 2 and 3, state 4, registers 5 and 6, graphs 7 to 9, released 10.
std::string small_guest() {
  Script script;
  const auto decoder = small_decoder().encode(), recurrence = small_recurrence().encode(),
             sum = addition().encode();
  const std::uint32_t second = kPrograms + static_cast<std::uint32_t>(decoder.size());
  const std::uint32_t third = second + static_cast<std::uint32_t>(recurrence.size());
  script.data(kPrograms, decoder.data(), decoder.size());
  script.data(second, recurrence.data(), recurrence.size());
  script.data(third, sum.data(), sum.size());
  script.data(kRecord, "a record");
  script.words(kShapes, {DW_BF16, 2, 1, 4, 64, DW_F32, 3, 1, 2, 1, 0});
  script.words(kSymbols, {3, 2});
  std::vector<std::uint32_t> bindings;
  const auto bind = [&](std::vector<std::uint32_t> words) {
    bindings.insert(bindings.end(), words.begin(), words.end());
  };
  for (std::uint32_t slot = 0; slot < 9; ++slot) bind({DW_SLOT_WINDOW, slot, 2, 1024 * slot});
  bind({DW_SLOT_STATE, 0, 4, 0});
  bind({DW_SLOT_WINDOW, 0, 3, 0, DW_SLOT_WINDOW, 1, 2, 16384});
  bind({DW_SLOT_REGISTER, 0, 5, 0, DW_SLOT_REGISTER, 1, 6, 0});
  bind({DW_SLOT_WINDOW, 0, 2, 32768, DW_SLOT_WINDOW, 1, 2, 32832});
  script.words(kBindings, bindings);

  const auto model = script.call("model_open", {0});
  script.call("window_share", {kWindow, kPage, DW_READ_WRITE});
  script.call("window_share", {kWindow + kPage, kPage, DW_READ});
  script.call("state_append", {kShapes});
  script.call("state_register", {kShapes + 20});
  script.call("state_register", {kShapes + 20});
  const auto size = [](const auto& program) { return static_cast<std::int64_t>(program.size()); };
  const auto decode = script.call("graph_compile", {model, kPrograms, size(decoder)});
  const auto recur = script.call("graph_compile", {model, second, size(recurrence)});
  const auto add = script.call("graph_compile", {0, third, size(sum)});
  script.call("graph_bind", {decode, kBindings, 10});
  script.call("graph_bind", {recur, kBindings + 160, 4});
  script.call("graph_bind", {add, kBindings + 224, 2});
  script.call("release", {script.call("state_append", {kShapes})});
  script.call("now", {4200});
  script.end_phase(DW_NEXT_IDLE);
  for (const auto& [graph, symbols] :
       {std::pair(recur, 0), std::pair(decode, 2), std::pair(add, 0)}) {
    script.call("random_seed", {4208});
    script.call("output_write", {kRecord, 8});
    script.call("message_read", {4216, 100});
    script.call("graph_start", {graph, kSymbols, symbols});
    script.end_phase(DW_NEXT_RUN);
  }
  script.code("(global.set $phase (i32.const 0))");
  script.call("graph_start", {add, 0, 5});  // fails, for its sentence
  script.extra =
      "(global $other (mut f64) (f64.const 2)) (global $v (mut v128) (v128.const i64x2 1 2))";
  script.end_phase(DW_NEXT_IDLE);
  return script.wat();
}

void step(actor::Actor& actor, int count) {
  actor::Scheduler scheduler(device());
  actor::Actor* const self = &actor;
  for (; count > 0; --count) scheduler.step({&self, 1});
}

std::vector<std::byte> frozen(const actor::Actor& actor) {
  const auto made = must(actor::Frozen::make(actor, {.thin = true}));
  std::vector<std::byte> bytes(made->file().size_bytes());
  made->file().copy_to(bytes);
  return bytes;
}

}  // namespace

std::vector<FrozenBase> small_frozen_bases() {
  const auto module = guest::test::compile(small_guest()).value();
  const guest::Services services = services_with(few_weights());
  std::vector<FrozenBase> bases;
  const auto add = [&](const std::string& name, int steps, bool cancel) {
    const auto actor = must(actor::Actor::create(services, module));
    actor->send("the first");
    actor->send("the second", 3'600'000'000'000);
    actor->send("the third");
    step(*actor, steps);
    if (cancel) {
      actor->cancel();
      step(*actor, 1);
    }
    bases.push_back({name, services, module, frozen(*actor), 8});
  };
  add("small, idle", 5, false);
  add("small, within its second message", 7, false);
  add("small, of a run that was cancelled", 6, true);
  return bases;
}

std::vector<FrozenBase> llama_frozen_bases() {
  const auto module =
      must(guest::Module::compile(guest::test::engine(), must(builtin_guest_bytes("llama"))));
  const guest::Services services = services_with(model::make_seeded_llama(7));
  const std::string request =
      nlohmann::json{{"prompt_ids", {1, 17, 300, 4, 5, 90, 1000, 23, 42, 7, 8, 9, 10, 11, 12, 13}},
                     {"max_tokens", 6},
                     {"ignore_eos", true},
                     {"output", "tokens"},
                     {"prefill_piece", 7}}
          .dump();
  std::vector<FrozenBase> bases;
  for (const auto& [name, steps] :
       {std::pair("llama, before its start", 0), std::pair("llama, within its prompt", 3),
        std::pair("llama, within its answer", 7), std::pair("llama, after its answer", 40)}) {
    const auto actor = must(actor::Actor::create(services, module));
    actor->send(request);
    step(*actor, steps);
    bases.push_back({name, services, module, frozen(*actor), 2});
  }
  return bases;
}

}  // namespace driftwood::test
