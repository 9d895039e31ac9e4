#include <driftwood/probe.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"
#include "device/registry.h"
#include "memory/region.h"
#include "memory/window.h"
#include "os/process.h"
#include "runtime/builtin_guests.h"
#include "runtime/handles.h"
#include "runtime/statistics.h"

namespace driftwood {
namespace {

constexpr std::uint64_t kRssWindowBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kWaitNs = 60'000'000'000;
constexpr int kMatmulPairs = 300;
constexpr int kMatmulWarmUps = 20;
constexpr int kDecodeTokens = 32;
constexpr std::uint64_t kSeed = 1;

double milliseconds_since(std::uint64_t begin_ns) {
  return static_cast<double>(os::monotonic_ns() - begin_ns) * 1e-6;
}

// What a step costs in resident memory while its result is kept.
template <typename Step>
Result<std::int64_t> resident_delta(Step step) {
  DW_TRY_ASSIGN(const auto before, os::resident_bytes());
  DW_TRY_ASSIGN(const auto kept, step());
  DW_TRY_ASSIGN(const auto after, os::resident_bytes());
  return static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before);
}

struct ResidentDeltas {
  std::int64_t in_place_bytes;
  std::int64_t copied_bytes;
};

// Resident memory for handing a window of this size to the device, in place and by copying.
Result<ResidentDeltas> measure_window(device::Device& device, std::uint64_t window_bytes) {
  DW_TRY_ASSIGN(const auto region, memory::Region::reserve({.committed_bytes = window_bytes,
                                                            .reserved_bytes = window_bytes,
                                                            .guard_bytes = 0}));
  std::ranges::fill(region->bytes(), std::byte{1});
  using Kept = Result<std::unique_ptr<device::Buffer>>;
  const auto import_in_place = [&]() -> Kept {
    const memory::WindowRange window{0, window_bytes, memory::Access::read_write};
    DW_TRY_ASSIGN(auto import, memory::Import::acquire(region, window));
    return device.import_host(std::move(import));
  };
  const auto copy = [&]() -> Kept {
    DW_TRY_ASSIGN(auto buffer, device.allocate(window_bytes));
    DW_TRY(device.upload(*buffer, 0, region->bytes(), device::Purpose::window));
    return buffer;
  };
  ResidentDeltas deltas;
  DW_TRY_ASSIGN(deltas.in_place_bytes, resident_delta(import_in_place));
  DW_TRY_ASSIGN(deltas.copied_bytes, resident_delta(copy));
  return deltas;
}

Result<void> measure_resident(device::Device& device, ProbeReport& report) {
  // A first round with the smallest window brings in the pages of the code itself.
  DW_TRY(measure_window(device, memory::kWindowStepBytes));
  DW_TRY_ASSIGN(const auto deltas, measure_window(device, kRssWindowBytes));
  report.rss_delta_zero_copy_bytes = deltas.in_place_bytes;
  report.rss_delta_copy_bytes = deltas.copied_bytes;
  return {};
}

// A guest driven by hand, so that its runs can be timed and redirected.
struct Bench {
  device::Device* device;
  nlohmann::json last_record;
  std::unique_ptr<guest::Guest> guest;

  Bench(const Bench&) = delete;
  explicit Bench(device::Device& d) : device(&d) {}

  Result<guest::Next> begin(const std::shared_ptr<guest::Engine>& engine, std::string_view name,
                            std::string message) {
    DW_TRY_ASSIGN(const auto wasm, builtin_guest_bytes(name));
    DW_TRY_ASSIGN(const auto module, guest::Module::compile(engine, wasm));
    auto given = services(*device, nullptr, {});
    given.write_output = [this](std::string_view record) {
      last_record = nlohmann::json::parse(record, nullptr, false);
    };
    DW_TRY_ASSIGN(guest, guest::Guest::create(module, std::move(given)));
    DW_TRY(guest->start());
    guest->set_message(std::move(message));
    return guest->resume(guest::Event::message);
  }

  Result<void> submit_and_wait(const device::Sequence& sequence) {
    DW_TRY_ASSIGN(const auto serial, device->submit(guest->run()->executable, {&sequence, 1}));
    return device->wait(serial, kWaitNs);
  }

  // Whether the device's addresses of the bound windows are addresses of the guest's memory. The
  // probe guest shares one window of one step and binds all three tensors to it, so that they have
  // one base, on a window's boundary. That it is the right one, byte identity shows.
  bool windows_are_in_place() const {
    const auto& windows = guest->run()->sequence.windows;
    const std::byte* const base = guest->region().base();
    const std::byte* const window = windows.front().buffer->contents();
    const auto offset = static_cast<std::uint64_t>(window - base);
    if (window < base || offset % memory::kWindowStepBytes != 0 ||
        offset + memory::kWindowStepBytes > guest->region().committed_bytes()) {
      return false;
    }
    return std::ranges::all_of(windows, [&](const device::BufferPlace& place) {
      return place.buffer->contents() == window;
    });
  }
};

Result<void> measure_identity(device::Device& device, const std::shared_ptr<guest::Engine>& engine,
                              ProbeReport& report) {
  Bench bench(device);
  DW_TRY_ASSIGN(auto next, bench.begin(engine, "probe", "{}"));
  if (next != guest::Next::run)
    return fail(ErrorCode::guest_failed, "The probe guest asks for no run.");
  report.pointer_identity = bench.windows_are_in_place();
  DW_TRY(bench.submit_and_wait(bench.guest->run()->sequence));
  DW_TRY(bench.guest->resume(guest::Event::run_done));
  report.byte_identity = bench.last_record.value("byte_identity", false);
  report.host_call_ns = bench.last_record.value("host_call_ns", 0.0);
  return {};
}

// The copying path's device memory: one buffer for each bound window, filled before a run and read
// back after.
class CopyingPath {
 public:
  static Result<CopyingPath> create(device::Device& device, const guest::RunRequest& request) {
    CopyingPath path(device, request);
    const auto& program = request.executable->program();
    for (std::size_t slot = 0; slot < program.windows.size(); ++slot) {
      const auto bytes =
          program.tensor_bytes(program.windows[slot].tensor, request.sequence.symbols);
      DW_TRY_ASSIGN(auto buffer, device.allocate(bytes));
      path.sequence_.windows[slot] = {buffer.get(), 0};
      path.buffers_.push_back(std::move(buffer));
    }
    return path;
  }

  const device::Sequence& sequence() const { return sequence_; }

  Result<void> copy_in() {
    return each_slot(false, [&](device::Buffer& buffer, std::span<std::byte> bytes) {
      return device_->upload(buffer, 0, bytes, device::Purpose::window);
    });
  }
  Result<void> copy_out() {
    return each_slot(true, [&](device::Buffer& buffer, std::span<std::byte> bytes) {
      return device_->download(buffer, 0, bytes, device::Purpose::window);
    });
  }

 private:
  CopyingPath(device::Device& device, const guest::RunRequest& request)
      : device_(&device),
        program_(&request.executable->program()),
        sequence_(request.sequence),
        original_(request.sequence.windows) {}

  // Calls `copy` for the windows that the program writes, or for those that it only reads.
  template <typename Copy>
  Result<void> each_slot(bool written, Copy copy) {
    for (std::size_t slot = 0; slot < buffers_.size(); ++slot) {
      if (program_->windows[slot].written != written) continue;
      std::byte* guest_bytes = original_[slot].buffer->contents() + original_[slot].offset_bytes;
      DW_TRY(copy(*buffers_[slot], {guest_bytes, buffers_[slot]->size_bytes()}));
    }
    return {};
  }

  device::Device* device_;
  const graph::Program* program_;
  device::Sequence sequence_;
  std::vector<device::BufferPlace> original_;
  std::vector<std::unique_ptr<device::Buffer>> buffers_;
};

Result<void> measure_matmul(device::Device& device, const std::shared_ptr<guest::Engine>& engine,
                            ProbeReport& report) {
  Bench bench(device);
  DW_TRY_ASSIGN(auto next, bench.begin(engine, "matmul", R"({"seed": 1, "size": 128})"));
  if (next != guest::Next::run)
    return fail(ErrorCode::guest_failed, "The matmul guest asks for no run.");
  const guest::RunRequest& request = *bench.guest->run();
  DW_TRY_ASSIGN(auto copying, CopyingPath::create(device, request));

  std::vector<double> in_place_ms, copying_ms;
  const auto time_in_place = [&]() -> Result<void> {
    const std::uint64_t begin_ns = os::monotonic_ns();
    DW_TRY(bench.submit_and_wait(request.sequence));
    in_place_ms.push_back(milliseconds_since(begin_ns));
    return {};
  };
  const auto time_copying = [&]() -> Result<void> {
    const std::uint64_t begin_ns = os::monotonic_ns();
    DW_TRY(copying.copy_in());
    DW_TRY(bench.submit_and_wait(copying.sequence()));
    DW_TRY(copying.copy_out());
    copying_ms.push_back(milliseconds_since(begin_ns));
    return {};
  };
  for (int pair = -kMatmulWarmUps; pair < kMatmulPairs; ++pair) {
    if (pair == 0) {
      in_place_ms.clear();
      copying_ms.clear();
    }
    // The order alternates, since each path finds what the one before left in the caches. The last
    // pair ends in place, so that the guest checks this path's result.
    if (pair % 2 == 0) DW_TRY(time_in_place());
    DW_TRY(time_copying());
    if (pair % 2 != 0) DW_TRY(time_in_place());
  }
  report.matmul_ms = median(in_place_ms);
  report.matmul_copy_ms = median(copying_ms);
  std::vector<double> longer_ms;
  std::ranges::transform(copying_ms, in_place_ms, std::back_inserter(longer_ms), std::minus());
  report.copying_costs_ms = median(longer_ms);
  DW_TRY(bench.guest->resume(guest::Event::run_done));
  report.matmul_elements = bench.last_record.value("elements", std::uint64_t{0});
  report.matmul_errors = bench.last_record.value("errors", report.matmul_elements);
  return {};
}

Result<void> measure_tokens(device::Device& device, const std::shared_ptr<guest::Engine>& engine,
                            const std::string& model_folder, ProbeReport& report) {
  DW_TRY_ASSIGN(const auto wasm, builtin_guest_bytes("llama"));
  DW_TRY_ASSIGN(const auto module, guest::Module::compile(engine, wasm));
  nlohmann::json usage, failure;
  const actor::Actor::RecordSink sink = [&](std::string_view bytes) {
    auto record = nlohmann::json::parse(bytes, nullptr, false);
    if (record.value("type", "") == "usage") usage = record;
    if (record.value("type", "") == "error") failure = record;
  };
  const std::uint64_t begin_ns = os::monotonic_ns();
  std::shared_ptr<const model::Model> model;
  if (model_folder.empty()) {
    model = model::make_seeded_llama(kSeed);
  } else {
    DW_TRY_ASSIGN(model, model::open_folder(model_folder));
  }
  DW_TRY_ASSIGN(const auto actor, actor::Actor::create(services(device, model, {}), module));
  DW_TRY(actor->run(sink));
  report.load_ms = milliseconds_since(begin_ns);

  const nlohmann::json request = {{"prompt_ids", {1, 2, 3, 4, 5}},
                                  {"reuse_prefix", false},
                                  {"max_tokens", kDecodeTokens},
                                  {"temperature", 0},
                                  {"ignore_eos", true},
                                  {"output", "tokens"}};
  // The first request warms caches and the processor; the second one counts.
  std::uint64_t copied_before = 0;
  for (int round = 0; round < 2; ++round) {
    copied_before = device.copied_bytes().total();
    actor->send(request.dump());
    DW_TRY(actor->run(sink));
    if (!failure.is_null()) {
      return fail(ErrorCode::guest_failed, "The model cannot be probed: {}",
                  failure.value("message", ""));
    }
  }
  report.prefill_5_ms = usage.value("prefill_ns", 0.0) * 1e-6;
  const auto tokens = usage.value("completion_tokens", std::uint32_t{0});
  if (tokens < 2) {
    return fail(ErrorCode::unsupported,
                "The model cannot be probed: its context ends {} tokens behind a prompt of 5.",
                tokens);
  }
  report.token_ms = usage.value("decode_ns", 0.0) * 1e-6 / (tokens - 1);
  report.copied_bytes_per_token =
      static_cast<double>(device.copied_bytes().total() - copied_before) / tokens;
  // Only a device with memory of its own copies anything for a token.
  report.link_bytes_per_token = report.copied_bytes_per_token;
  return {};
}

}  // namespace

Result<ProbeReport> probe(const ProbeOptions& options) {
  const auto step = [&](std::string_view what) {
    if (options.on_progress) options.on_progress(what);
  };
  DW_TRY_ASSIGN(const auto device, open_device(options.runtime));
  DW_TRY_ASSIGN(const auto engine, guest::Engine::create());
  ProbeReport report = {};
  report.name = device->capabilities().name;
  report.description = device->capabilities().description;
  step("measuring resident memory");
  DW_TRY(measure_resident(*device, report));
  step("proving identity");
  DW_TRY(measure_identity(*device, engine, report));
  step("multiplying matrices");
  DW_TRY(measure_matmul(*device, engine, report));
  step("timing tokens");
  DW_TRY(measure_tokens(*device, engine, options.model_folder, report));
  return report;
}

}  // namespace driftwood
