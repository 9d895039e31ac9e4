#include "actors/setup.h"

#include <nlohmann/json.hpp>

#include "device/registry.h"
#include "os/process.h"
#include "runtime/builtin_guests.h"

namespace driftwood::costs {
namespace {

// SplitMix64: a sequence of its own for each seed.
std::uint64_t next_bits(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Result<std::uint64_t> rows_of(const actor::Actor& actor) {
  DW_TRY_ASSIGN(const actor::Snapshot snapshot, actor.snapshot());
  return snapshot.guest.states.empty() ? 0 : snapshot.guest.states.front()->length_rows();
}

}  // namespace

Result<double> time_ms(const std::function<Result<void>()>& work) {
  const std::uint64_t begin_ns = os::monotonic_ns();
  DW_TRY(work());
  return static_cast<double>(os::monotonic_ns() - begin_ns) * 1e-6;
}

Result<Setup> Setup::open(const std::string& model_folder, unsigned thread_count) {
  Setup setup;
  DW_TRY_ASSIGN(setup.model_, model::open_folder(model_folder));
  setup.model_->fingerprint();
  const auto config = nlohmann::json::parse(setup.model_->config_json);
  setup.vocabulary_ = config.at("vocab_size").get<std::uint64_t>();
  DW_TRY_ASSIGN(setup.device_,
                device::open_device("cpu", {.thread_count = thread_count, .isa = ""}));
  DW_TRY_ASSIGN(auto engine, guest::Engine::create());
  DW_TRY_ASSIGN(const auto wasm, builtin_guest_bytes("llama"));
  DW_TRY_ASSIGN(setup.module_, guest::Module::compile(std::move(engine), wasm));
  return setup;
}

guest::Services Setup::services() const {
  guest::Services services;
  services.device = device_.get();
  services.model = model_;
  services.random_bits = os::random_bits;
  services.now_ns = os::monotonic_ns;
  return services;
}

std::vector<std::uint64_t> Setup::ids(std::uint32_t count, std::uint64_t seed) const {
  std::vector<std::uint64_t> ids;
  for (std::uint32_t i = 0; i < count; ++i) ids.push_back(next_bits(seed) % vocabulary_);
  return ids;
}

std::string Setup::request(const Conversation& conversation) const {
  return request(ids(conversation.prompt_tokens, conversation.seed), conversation.new_tokens);
}

std::string Setup::request(const std::vector<std::uint64_t>& prompt_ids,
                           std::uint32_t new_tokens) const {
  return nlohmann::json{{"prompt_ids", prompt_ids}, {"max_tokens", new_tokens}, {"temperature", 0},
                        {"ignore_eos", true},       {"output", "tokens"},       {"seed", 0}}
      .dump();
}

Result<std::unique_ptr<actor::Actor>> Setup::spawn() const {
  DW_TRY_ASSIGN(auto made, actor::Actor::create(services(), module_));
  DW_TRY(step(*made));
  return made;
}

Result<std::unique_ptr<actor::Actor>> Setup::talking(std::uint32_t rows, std::uint32_t more) const {
  DW_TRY_ASSIGN(auto made, spawn());
  made->send(request({.prompt_tokens = rows - 1, .new_tokens = more + 2, .seed = rows}));
  for (std::uint64_t reached = 0; reached < rows;) {
    DW_TRY(step(*made));
    DW_TRY_ASSIGN(reached, rows_of(*made));
  }
  return made;
}

Result<void> step(actor::Actor& actor, std::vector<std::string>* records) {
  const auto take = [records](std::string_view record) {
    if (records != nullptr) records->emplace_back(record);
  };
  DW_TRY(actor.run(take, 1));
  return {};
}

Result<std::vector<std::string>> answer(actor::Actor& actor) {
  std::vector<std::string> records;
  DW_TRY(actor.run([&](std::string_view record) { records.emplace_back(record); }));
  for (const std::string& record : records) {
    if (record.find("\"type\":\"error\"") != std::string::npos) {
      return fail(ErrorCode::io, "The guest answers: {}", record);
    }
  }
  return records;
}

}  // namespace driftwood::costs
