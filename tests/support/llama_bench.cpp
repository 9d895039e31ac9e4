#include "support/llama_bench.h"

#include <cstring>

#include "core/check.h"
#include "device/registry.h"
#include "guest/abi.h"
#include "runtime/builtin_guests.h"

namespace driftwood::test {
namespace {

constexpr std::uint64_t kWaitNs = 60'000'000'000;

// Copies the elements of a window tensor of a finished run.
template <typename T>
std::vector<T> read_window(const guest::RunRequest& request, std::uint32_t tensor) {
  const auto& program = request.executable->program();
  const auto& place = request.sequence.windows[program.tensors[tensor].slot];
  std::vector<T> elements(program.tensor_bytes(tensor, request.sequence.symbols) / sizeof(T));
  std::memcpy(elements.data(), place.buffer->contents() + place.offset_bytes,
              elements.size() * sizeof(T));
  return elements;
}

// Compiled once for all guests of the process.
Result<std::shared_ptr<const guest::Module>> compile_llama() {
  static const auto kModule = []() -> Result<std::shared_ptr<const guest::Module>> {
    DW_TRY_ASSIGN(const auto engine, guest::Engine::create());
    DW_TRY_ASSIGN(const auto wasm, builtin_guest_bytes("llama"));
    return guest::Module::compile(engine, wasm);
  }();
  return kModule;
}

Result<std::unique_ptr<guest::Guest>> make_llama(GuestKind kind, guest::Services services) {
  if (kind == GuestKind::native) {
    return guest::Guest::create_native({driftwood_start, driftwood_resume}, std::move(services));
  }
  DW_TRY_ASSIGN(const auto module, compile_llama());
  return guest::Guest::create(module, std::move(services));
}

}  // namespace

std::map<std::int32_t, float> TopRow::by_id() const {
  std::map<std::int32_t, float> result;
  for (std::size_t i = 0; i < ids.size(); ++i) result[ids[i]] = logits[i];
  return result;
}

std::vector<TopRow> read_top_rows(const guest::RunRequest& request) {
  for (const auto& op : request.executable->program().ops) {
    if (op.definition->number != ops::OpNumber::top_logits) continue;
    const auto ids = read_window<std::int32_t>(request, op.outputs[0]);
    const auto logits = read_window<float>(request, op.outputs[1]);
    const auto sums = read_window<float>(request, op.outputs[2]);
    const std::size_t count = sums.empty() ? 0 : ids.size() / sums.size();
    std::vector<TopRow> rows;
    for (std::size_t row = 0; row < sums.size(); ++row) {
      const auto first = static_cast<std::ptrdiff_t>(row * count),
                 last = first + static_cast<std::ptrdiff_t>(count);
      rows.push_back({{ids.begin() + first, ids.begin() + last},
                      {logits.begin() + first, logits.begin() + last},
                      sums[row]});
    }
    return rows;
  }
  return {};
}

nlohmann::json Answer::find(std::string_view type) const {
  for (const auto& record : records) {
    if (record.value("type", "") == type) return record;
  }
  return {};
}

std::vector<nlohmann::json> Answer::tokens(bool prompt) const {
  std::vector<nlohmann::json> result;
  for (const auto& record : records) {
    if (record.value("type", "") == "token" && record.value("prompt", false) == prompt)
      result.push_back(record);
  }
  return result;
}

std::string Answer::text() const {
  std::string text;
  for (const auto& record : records) {
    if (record.value("type", "") == "text") text += record.value("text", "");
  }
  return text;
}

Result<std::unique_ptr<LlamaBench>> LlamaBench::open(std::shared_ptr<device::Device> device,
                                                     std::shared_ptr<const model::Model> model,
                                                     const ActorOptions& options, GuestKind kind) {
  std::unique_ptr<LlamaBench> bench(new LlamaBench(std::move(device)));
  auto given = services(*bench->device_, std::move(model), options);
  given.write_output = [raw = bench.get()](std::string_view record) {
    raw->answer_.records.push_back(nlohmann::json::parse(record));
  };
  DW_TRY_ASSIGN(bench->guest_, make_llama(kind, std::move(given)));
  DW_TRY(bench->guest_->start());
  return bench;
}

Result<Answer> LlamaBench::ask(const nlohmann::json& request) {
  DW_TRY_ASSIGN(auto next, begin(request));
  while (next == guest::Next::run) {
    DW_TRY_ASSIGN(const auto serial, device_->submit(run().executable, {&run().sequence, 1}));
    DW_TRY_ASSIGN(next, finish_run(device_->wait(serial, kWaitNs)));
  }
  return take_answer();
}

Result<guest::Next> LlamaBench::begin(const nlohmann::json& request) {
  guest_->set_message(request.dump());
  return settle(guest_->resume(guest::Event::message));
}

Result<guest::Next> LlamaBench::finish_run(const Result<void>& outcome) {
  if (outcome) {
    for (auto& row : read_top_rows(run())) answer_.rows.push_back(std::move(row));
  }
  return settle(guest_->resume(guest::Event::run_done, outcome));
}

Result<guest::Next> LlamaBench::settle(Result<guest::Next> next) {
  while (next && *next == guest::Next::proceed) next = guest_->resume(guest::Event::proceed);
  return next;
}

Result<std::vector<Answer>> ask_together(device::Device& device,
                                         std::span<const std::unique_ptr<LlamaBench>> benches,
                                         std::span<const nlohmann::json> requests,
                                         const std::function<void(std::size_t)>& on_submission) {
  std::vector<guest::Next> next;
  for (std::size_t i = 0; i < benches.size(); ++i) {
    DW_TRY_ASSIGN(next.emplace_back(), benches[i]->begin(requests[i]));
  }
  while (true) {
    std::vector<std::size_t> asking;
    std::vector<device::Sequence> sequences;
    for (std::size_t i = 0; i < benches.size(); ++i) {
      if (next[i] != guest::Next::run) continue;
      if (!asking.empty() && benches[i]->run().executable != benches[asking[0]]->run().executable) {
        return fail(ErrorCode::guest_failed, "Two guests ask for different programs.");
      }
      asking.push_back(i);
      sequences.push_back(benches[i]->run().sequence);
    }
    if (asking.empty()) break;
    on_submission(asking.size());
    DW_TRY_ASSIGN(const auto serial,
                  device.submit(benches[asking[0]]->run().executable, sequences));
    const auto outcome = device.wait(serial, kWaitNs);
    DW_TRY(outcome);
    for (const std::size_t i : asking) {
      DW_TRY_ASSIGN(next[i], benches[i]->finish_run(outcome));
    }
  }
  std::vector<Answer> answers;
  for (const auto& bench : benches) answers.push_back(bench->take_answer());
  return answers;
}

std::shared_ptr<device::Device> cpu_device(unsigned thread_count, const std::string& isa) {
  auto device = device::open_device("cpu", {.thread_count = thread_count, .isa = isa});
  DW_CHECK(device.has_value());
  return *std::move(device);
}

}  // namespace driftwood::test
