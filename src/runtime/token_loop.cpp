#include "runtime/token_loop.h"

#include <driftwood/generate.h>

#include <algorithm>
#include <variant>

#include "os/process.h"

namespace driftwood {
namespace {

constexpr std::uint64_t kWaitNs = 600'000'000'000;
constexpr std::uint32_t kPieceRows = 512;  // what the guest cuts a prompt into
constexpr std::uint64_t kSeed = 1;

}  // namespace

Result<std::unique_ptr<TokenLoop>> TokenLoop::create(device::Device& device,
                                                     std::shared_ptr<const model::Model> model,
                                                     const MakeGuest& make) {
  std::unique_ptr<TokenLoop> loop(new TokenLoop(device));
  auto given = services(device, std::move(model), {});
  given.write_output = [raw = loop.get()](std::string_view record) { raw->last_record_ = record; };
  DW_TRY_ASSIGN(loop->guest_, make(std::move(given)));
  DW_TRY(loop->guest_->start());
  return loop;
}

Result<std::uint64_t> TokenLoop::begin(const std::vector<std::int32_t>& prompt,
                                       const nlohmann::json& settings) {
  nlohmann::json request = {{"prompt_ids", prompt},
                            {"output", "tokens"},
                            {"ignore_eos", true},
                            {"seed", kSeed},
                            {"reuse_prefix", false}};
  request.update(settings);
  const std::uint64_t begin_ns = os::monotonic_ns();
  guest_->set_message(request.dump());
  DW_TRY(settle(guest_->resume(guest::Event::message)));
  decoder_ = run().executable;
  TokenTime time;
  for (std::size_t done = 0; done < prompt.size(); done += kPieceRows) DW_TRY(step(time));
  while (run().executable != decoder_) DW_TRY(step(time));
  return os::monotonic_ns() - begin_ns;
}

Result<TokenTime> TokenLoop::next() {
  TokenTime time;
  const std::uint64_t begin_ns = os::monotonic_ns();
  do {
    DW_TRY(step(time));
  } while (run().executable != decoder_);
  time.outside_ns = os::monotonic_ns() - begin_ns - time.device_ns;
  return time;
}

Result<void> TokenLoop::step(TokenTime& time) {
  const std::uint64_t begin_ns = os::monotonic_ns();
  DW_TRY_ASSIGN(const auto serial, device_->submit(run().executable, {&run().sequence, 1}));
  const Result<void> outcome = device_->wait(serial, kWaitNs);
  time.device_ns += os::monotonic_ns() - begin_ns;
  ++time.runs;
  DW_TRY(outcome);
  return settle(guest_->resume(guest::Event::run_done));
}

Result<void> TokenLoop::settle(Result<guest::Next> next) {
  while (next && *next == guest::Next::proceed) next = guest_->resume(guest::Event::proceed);
  if (!next) return pass_on(next);
  if (*next == guest::Next::run) return {};
  const auto record = parse_generate_record(last_record_);
  if (record && std::holds_alternative<Error>(*record)) {
    return std::unexpected(std::get<Error>(*record));
  }
  return fail(ErrorCode::guest_failed, "The guest asks for no run; its last record is {}.",
              last_record_);
}

Result<void> TokenLoop::end() {
  auto next =
      guest_->resume(guest::Event::run_done, fail(ErrorCode::cancelled, "Enough was measured."));
  while (next && *next == guest::Next::proceed) next = guest_->resume(guest::Event::proceed);
  if (!next) return pass_on(next);
  return {};
}

TokenLoop::MakeGuest wasm_llama(std::shared_ptr<const guest::Module> module) {
  return [module = std::move(module)](guest::Services services) {
    return guest::Guest::create(module, std::move(services));
  };
}

std::vector<std::int32_t> prompt_of(std::uint32_t tokens, std::uint64_t vocabulary_size) {
  const std::uint64_t different = std::min<std::uint64_t>(vocabulary_size, 251);
  std::vector<std::int32_t> ids(tokens);
  for (std::uint32_t i = 0; i < tokens; ++i) {
    ids[i] = static_cast<std::int32_t>(std::uint64_t{i} * 7919 % different);
  }
  return ids;
}

Result<std::shared_ptr<const model::Model>> open_or_seed(const std::string& folder) {
  if (folder.empty()) return model::make_seeded_llama(kSeed);
  return model::open_folder(folder);
}

}  // namespace driftwood
