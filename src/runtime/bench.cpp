#include <driftwood/bench.h>

#include <algorithm>
#include <map>

#include "actor/actor.h"
#include "core/error.h"
#include "device/registry.h"
#include "model/config.h"
#include "os/process.h"
#include "runtime/batch_bench.h"
#include "runtime/builtin_guests.h"
#include "runtime/handles.h"
#include "runtime/op_bytes.h"
#include "runtime/statistics.h"
#include "runtime/token_loop.h"
#include "runtime/wasm_tax.h"

namespace driftwood {
namespace {

// Read to see how fast memory is: far more than caches hold. A GPU with memory of its own is
// through with as much before its clock has told it well.
constexpr std::uint64_t kReadProbeBytes = std::uint64_t{256} << 20;
constexpr std::uint64_t kGpuReadProbeBytes = 4 * kReadProbeBytes;
constexpr int kMachineRounds = 5;
constexpr std::uint32_t kProfileTokens = 8;
constexpr std::uint32_t kHostTokens = 1000;
constexpr int kHostRounds = 401;
constexpr std::uint64_t kDefaultContextRows = 2048;  // the llama guest's

const nlohmann::json kGreedy = {{"temperature", 0}};

// What all measurements of one call share.
struct Bench {
  const BenchOptions& options;
  std::unique_ptr<device::Device> device;
  std::shared_ptr<const guest::Module> llama;
  std::shared_ptr<const model::Model> model;
  std::uint64_t vocabulary_size = 0, context_rows = 0;  // of the model
  std::unique_ptr<device::Buffer> read_buffer;
  BenchReport report = {};

  void step(std::string_view what) const {
    if (options.on_progress) options.on_progress(what);
  }

  Result<std::unique_ptr<TokenLoop>> token_loop() const {
    return TokenLoop::create(*device, model, wasm_llama(llama));
  }
  std::vector<std::int32_t> prompt(std::uint32_t tokens) const {
    return prompt_of(tokens, vocabulary_size);
  }
  // So many rows a context of so many tokens takes while it is measured.
  std::uint64_t rows_for(std::uint32_t tokens) const {
    const std::uint64_t measured =
        std::max<std::uint64_t>(std::uint64_t{2} * options.decode_tokens, kProfileTokens + 1);
    return tokens + measured + 1;
  }
};

Result<void> measure_machine(Bench& bench) {
  bench.step("measuring the machine");
  DW_TRY_ASSIGN(bench.read_buffer, bench.device->allocate(kReadProbeBytes));
  if (bench.read_buffer->contents() == nullptr) {
    DW_TRY_ASSIGN(bench.read_buffer, bench.device->allocate(kGpuReadProbeBytes));
  }
  // Pages that were never written are all one page of zeros.
  const std::vector<std::byte> ones(kReadProbeBytes, std::byte{1});
  for (std::uint64_t at = 0; at < bench.read_buffer->size_bytes(); at += ones.size()) {
    DW_TRY(bench.device->upload(*bench.read_buffer, at, ones, device::Purpose::state));
  }
  std::vector<double> flops;
  device::ReadPeak best = {};
  for (int round = 0; round < kMachineRounds; ++round) {
    DW_TRY_ASSIGN(const auto read, bench.device->measure_read(*bench.read_buffer));
    if (read.bytes_per_second > best.bytes_per_second) best = read;
    DW_TRY_ASSIGN(const double arithmetic, bench.device->measure_arithmetic());
    flops.push_back(arithmetic);
  }
  bench.report.read_bytes_per_second = best.bytes_per_second;
  bench.report.read_streams = best.streams;
  bench.report.flops = *std::ranges::max_element(flops);
  return {};
}

Result<BenchReport::Context> measure_context(Bench& bench, std::uint32_t tokens) {
  bench.step(fmt::format("timing tokens after {}", tokens));
  DW_TRY_ASSIGN(const auto loop, bench.token_loop());
  // The first request brings in pages and wakes the processor.
  DW_TRY(loop->begin(bench.prompt(std::min(tokens, 16u)), kGreedy));
  DW_TRY(loop->next());
  DW_TRY(loop->end());
  BenchReport::Context context = {};
  context.tokens = tokens;
  DW_TRY_ASSIGN(const auto prefill_ns, loop->begin(bench.prompt(tokens), kGreedy));
  context.prefill_ms = static_cast<double>(prefill_ns) * 1e-6;
  context.bytes_per_token = run_bytes(loop->run().executable->program(), tokens);
  std::vector<double> token_ms, outside_us, cold_token_ms, shares;
  for (std::uint32_t i = 0; i < bench.options.decode_tokens; ++i) {
    DW_TRY_ASSIGN(const TokenTime time, loop->next());
    token_ms.push_back(time.total_ms());
    outside_us.push_back(static_cast<double>(time.outside_ns) * 1e-3);
  }
  for (std::uint32_t i = 0; i < bench.options.decode_tokens; ++i) {
    DW_TRY_ASSIGN(const auto read, bench.device->measure_read(*bench.read_buffer));
    DW_TRY_ASSIGN(const TokenTime time, loop->next());
    cold_token_ms.push_back(time.total_ms());
    shares.push_back(context.bytes_per_token / (time.total_ms() * 1e-3) / read.bytes_per_second);
  }
  DW_TRY(loop->end());
  context.token_ms = spread_of(token_ms);
  context.outside_us_per_token = spread_of(outside_us);
  context.cold_token_ms = spread_of(cold_token_ms);
  context.share_of_read = spread_of(shares);
  return context;
}

// The contexts asked for, or those of the usual ones that the model has room for.
// Errors: invalid_argument for one that it has no room for.
Result<std::vector<std::uint32_t>> choose_contexts(const Bench& bench) {
  std::vector<std::uint32_t> contexts = bench.options.contexts;
  if (contexts.empty()) {
    for (const std::uint32_t usual : {16u, 256u, 1024u}) {
      if (bench.rows_for(usual) <= bench.context_rows) contexts.push_back(usual);
    }
    if (contexts.empty()) contexts.push_back(1);
  }
  for (const std::uint32_t tokens : contexts) {
    if (bench.rows_for(tokens) <= bench.context_rows) continue;
    return fail(ErrorCode::invalid_argument,
                "Measuring {} tokens after {} takes a context of {} rows; the model has {}.",
                bench.options.decode_tokens, tokens, bench.rows_for(tokens), bench.context_rows);
  }
  return contexts;
}

Result<void> measure_contexts(Bench& bench, const std::vector<std::uint32_t>& contexts) {
  for (const std::uint32_t tokens : contexts) {
    DW_TRY_ASSIGN(auto context, measure_context(bench, tokens));
    bench.report.contexts.push_back(context);
  }
  return {};
}

Result<void> measure_ops(Bench& bench) {
  bench.step("timing ops");
  struct Sum {
    std::uint64_t ns = 0;
    std::uint32_t count = 0;
    double bytes = 0;
  };
  const std::uint32_t tokens = bench.report.contexts.front().tokens;
  std::map<std::string, Sum> sums;
  const auto observe = [&](const device::OpEvent& event) {
    Sum& sum = sums[op_label(event.program, event.op)];
    sum.ns += event.duration_ns;
    sum.bytes += op_bytes(event.program, event.op, tokens);
    ++sum.count;
  };
  DW_TRY_ASSIGN(const auto loop, bench.token_loop());
  DW_TRY(loop->begin(bench.prompt(tokens), kGreedy));
  DW_TRY(loop->next());
  DW_TRY(bench.device->observe(observe));
  for (std::uint32_t i = 0; i < kProfileTokens; ++i) DW_TRY(loop->next());
  DW_TRY(bench.device->observe({}));
  DW_TRY(loop->end());
  for (const auto& [name, sum] : sums) {
    const double seconds = static_cast<double>(sum.ns) * 1e-9;
    bench.report.ops.push_back(
        {name, sum.count / kProfileTokens, seconds / kProfileTokens * 1e6, sum.bytes / seconds});
  }
  std::ranges::sort(bench.report.ops, std::greater(), &BenchReport::Op::us);
  return {};
}

// Microseconds a token on the device that computes nothing, for each round.
Result<Spread> measure_host(const Bench& bench, std::shared_ptr<const model::Model> model,
                            std::string_view output) {
  DW_TRY_ASSIGN(const auto device, device::open_device("null", {}));
  std::uint64_t tokens = 0;  // of the last request
  const actor::Actor::RecordSink sink = [&](std::string_view record) {
    if (!record.contains(R"("usage")")) return;
    tokens = nlohmann::json::parse(record, nullptr, false).value("completion_tokens", tokens);
  };
  DW_TRY_ASSIGN(const auto actor,
                actor::Actor::create(services(*device, std::move(model), {}), bench.llama));
  const nlohmann::json request = {{"prompt_ids", {1}},         {"reuse_prefix", false},
                                  {"max_tokens", kHostTokens}, {"temperature", 0},
                                  {"ignore_eos", true},        {"output", output}};
  std::vector<double> us;
  for (int round = -1; round < kHostRounds; ++round) {
    actor->send(request.dump());
    const std::uint64_t begin_ns = os::monotonic_ns();
    DW_TRY(actor->run(sink));
    const auto duration_ns = static_cast<double>(os::monotonic_ns() - begin_ns);
    if (tokens == 0) {
      return fail(ErrorCode::guest_failed, "The guest gives no tokens on the null device.");
    }
    if (round >= 0) us.push_back(duration_ns * 1e-3 / tokens);  // the first one warms up
  }
  return spread_of(us);
}

Result<void> measure_host_costs(Bench& bench) {
  bench.step("timing the host's part");
  DW_TRY_ASSIGN(bench.report.host_us_per_token,
                measure_host(bench, model::make_seeded_llama(1), "tokens"));
  if (bench.model->tokenizer == nullptr) return {};
  DW_TRY_ASSIGN(bench.report.text_us_per_token, measure_host(bench, bench.model, "text"));
  return {};
}

Result<void> measure_batches(Bench& bench) {
  const std::uint32_t before = bench.report.contexts.front().tokens;
  if (before + kBatchWarmUps + kBatchPairs + 1 > bench.context_rows) return {};
  bench.step(fmt::format("timing tokens of {} actors together", kBatchSequences));
  std::vector<std::unique_ptr<TokenLoop>> loops;
  for (std::uint32_t i = 0; i < kBatchSequences; ++i) {
    DW_TRY_ASSIGN(auto loop, bench.token_loop());
    DW_TRY(loop->begin(bench.prompt(before), kGreedy));
    loops.push_back(std::move(loop));
  }
  DW_TRY_ASSIGN(bench.report.batch,
                measure_batch(*bench.device, *bench.read_buffer, loops, before));
  for (const auto& loop : loops) DW_TRY(loop->end());
  return {};
}

// The pairs that the model's context has room for.
Result<void> measure_tax(Bench& bench) {
  const std::uint32_t before = bench.report.contexts.front().tokens;
  const std::uint64_t room = bench.context_rows - before - kTaxWarmUps - 1;
  const auto pairs =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(bench.options.tax_pairs, room));
  if (!bench.options.native_llama || pairs == 0) return {};
  bench.step("timing pairs of tokens, WebAssembly and native");
  DW_TRY_ASSIGN(bench.report.taxes,
                measure_wasm_tax(*bench.device, bench.model, bench.llama,
                                 *bench.options.native_llama, bench.prompt(before), pairs));
  return {};
}

Result<void> measure_guests(Bench& bench) {
  bench.step("making guests");
  std::vector<std::unique_ptr<TokenLoop>> guests;
  std::vector<double> create_us;
  DW_TRY_ASSIGN(const auto before, os::resident_bytes());
  for (std::uint32_t i = 0; i < bench.options.guest_count; ++i) {
    const std::uint64_t begin_ns = os::monotonic_ns();
    DW_TRY_ASSIGN(auto loop, bench.token_loop());
    create_us.push_back(static_cast<double>(os::monotonic_ns() - begin_ns) * 1e-3);
    guests.push_back(std::move(loop));
  }
  DW_TRY_ASSIGN(const auto after, os::resident_bytes());
  const double grown = static_cast<double>(after) - static_cast<double>(before);
  bench.report.guests = {bench.options.guest_count, spread_of(create_us),
                         grown / bench.options.guest_count};
  return {};
}

}  // namespace

Result<BenchReport> bench(const BenchOptions& options) {
  if (options.decode_tokens == 0 || options.guest_count == 0 || options.tax_pairs == 0) {
    return fail(ErrorCode::invalid_argument,
                "{} tokens, {} guests and {} pairs are to be measured; at least one of each is "
                "needed.",
                options.decode_tokens, options.guest_count, options.tax_pairs);
  }
  if (std::ranges::count(options.contexts, 0u) > 0) {
    return fail(ErrorCode::invalid_argument, "A context of 0 tokens is asked for.");
  }
  Bench bench{.options = options, .device = {}, .llama = {}, .model = {}, .read_buffer = {}};
  DW_TRY_ASSIGN(bench.device, open_device(options.runtime));
  DW_TRY_ASSIGN(const auto engine, guest::Engine::create());
  DW_TRY_ASSIGN(const auto wasm, builtin_guest_bytes("llama"));
  DW_TRY_ASSIGN(bench.llama, guest::Module::compile(engine, wasm));
  bench.step("opening the model");
  const std::uint64_t load_ns = os::monotonic_ns();
  DW_TRY_ASSIGN(bench.model, open_or_seed(options.model_folder));
  DW_TRY(bench.token_loop());
  bench.report.load_ms = static_cast<double>(os::monotonic_ns() - load_ns) * 1e-6;
  DW_TRY_ASSIGN(const auto facts, model::read_config(bench.model->config_json));
  bench.vocabulary_size = facts.vocab_size.value_or(1);
  bench.context_rows = facts.max_position_embeddings.value_or(kDefaultContextRows);
  DW_TRY_ASSIGN(const auto contexts, choose_contexts(bench));
  bench.report.processor = os::processor_name();
  bench.report.device = bench.device->capabilities().description;
  bench.report.model = bench.model->name;
  bench.report.weight_bytes = bench.model->weight_bytes;
  DW_TRY(measure_machine(bench));
  DW_TRY(measure_contexts(bench, contexts));
  DW_TRY(measure_ops(bench));
  DW_TRY(measure_batches(bench));
  DW_TRY(measure_host_costs(bench));
  DW_TRY(measure_tax(bench));
  DW_TRY(measure_guests(bench));
  return std::move(bench.report);
}

}  // namespace driftwood
