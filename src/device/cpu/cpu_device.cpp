#include "device/cpu/cpu_device.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <limits>
#include <mutex>
#include <utility>

#include "core/arithmetic.h"
#include "core/check.h"
#include "device/cpu/executable.h"
#include "device/cpu/float_environment.h"
#include "device/cpu/isa.h"
#include "device/cpu/peaks.h"
#include "device/cpu/run.h"
#include "device/host_buffer.h"
#include "device/host_pool.h"
#include "os/process.h"
#include "os/team.h"

namespace driftwood::device::cpu {
namespace {

constexpr unsigned kMostThreads = 1024;
constexpr std::uint64_t kPeakMultiplyAdds = 500'000'000;  // of a thread: some 10 ms

std::string describe(unsigned thread_count, Isa isa) {
  return fmt::format("CPU, {} thread{}, {}", thread_count, thread_count == 1 ? "" : "s",
                     cpu::name(isa));
}

class CpuDevice final : public Device {
 public:
  CpuDevice(unsigned thread_count, Isa isa)
      : Device({.name = "cpu",
                .description = describe(thread_count, isa),
                .numerics = "cpu/1",
                .imports_host_memory = true}),
        isa_(isa),
        team_(thread_count) {
    // Threads begin with the environment of the one that makes them.
    team_.run([](unsigned member) {
      if (member > 0) DefaultFloatEnvironment::set();
    });
  }

 private:
  Result<std::unique_ptr<Buffer>> import_host_impl(memory::Import window) override {
    return wrap_import(std::move(window));
  }

  Result<std::unique_ptr<Buffer>> allocate_impl(std::uint64_t size_bytes,
                                                Filling filling) override {
    return pool_->allocate(size_bytes, filling);
  }

  Result<void> copy_impl(const BufferPlace& from, const BufferPlace& to,
                         std::uint64_t size_bytes) override {
    copy_host(from, to, size_bytes);
    return {};
  }

  Result<void> upload_impl(const Buffer& to, std::uint64_t offset_bytes,
                           std::span<const std::byte> from) override {
    std::ranges::copy(from, to.contents() + offset_bytes);
    return {};
  }

  Result<void> download_impl(const Buffer& from, std::uint64_t offset_bytes,
                             std::span<std::byte> to) override {
    std::copy_n(from.contents() + offset_bytes, to.size(), to.begin());
    return {};
  }

  Result<std::shared_ptr<const Executable>> compile_impl(
      std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
      const std::map<std::uint32_t, tensor::View>& views) override {
    const DefaultFloatEnvironment environment;
    return CpuExecutable::create(std::move(program), std::move(weights), views, isa_);
  }

  Result<void> submit_impl(Serial serial, std::shared_ptr<const Executable> executable,
                           std::span<const Sequence> sequences) override;
  Result<void> wait_impl(Serial serial, std::uint64_t timeout_ns) override;
  void cancel_impl(Serial serial) override;
  Result<ReadPeak> measure_read_impl(const Buffer& buffer) override;
  Result<double> measure_arithmetic_impl() override;
  Result<void> observe_impl(OpObserver observer) override {
    observer_ = std::move(observer);
    return {};
  }

  void retire(Serial serial);

  Isa isa_;
  os::Team team_;
  std::shared_ptr<HostPool> pool_ = HostPool::create();
  OpObserver observer_;
  std::mutex queue_mutex_;                  // cancel_impl() looks for its run from any thread
  std::deque<std::unique_ptr<Run>> queue_;  // in the order of submission
  std::vector<std::unique_ptr<Run>> spare_;
};

Result<void> CpuDevice::submit_impl(Serial serial, std::shared_ptr<const Executable> executable,
                                    std::span<const Sequence> sequences) {
  std::unique_ptr<Run> run;
  if (spare_.empty()) {
    run = std::make_unique<Run>();
  } else {
    run = std::move(spare_.back());
    spare_.pop_back();
  }
  auto own = std::static_pointer_cast<const CpuExecutable>(std::move(executable));
  if (auto prepared = run->prepare(serial, std::move(own), sequences); !prepared) {
    run->release();
    spare_.push_back(std::move(run));
    return prepared;
  }
  const std::lock_guard lock(queue_mutex_);
  queue_.push_back(std::move(run));
  return {};
}

// Runs are done in the order of submission, so those before this one come first.
Result<void> CpuDevice::wait_impl(Serial serial, std::uint64_t timeout_ns) {
  const DefaultFloatEnvironment environment;
  const std::uint64_t deadline_ns = checked_add(os::monotonic_ns(), timeout_ns)
                                        .value_or(std::numeric_limits<std::uint64_t>::max());
  for (const std::unique_ptr<Run>& run : queue_) {
    const auto ended = run->advance(team_, deadline_ns, observer_);
    if (!ended) {
      return fail(ErrorCode::timeout, "Run {} did not end within {} ns.",
                  static_cast<std::uint64_t>(serial), timeout_ns);
    }
    if (run->serial() == serial) {
      retire(serial);
      return *ended;
    }
  }
  DW_CHECK(false);
  return {};
}

void CpuDevice::retire(Serial serial) {
  const std::lock_guard lock(queue_mutex_);
  const auto run = std::ranges::find(queue_, serial, [](const auto& r) { return r->serial(); });
  (*run)->release();
  spare_.push_back(std::move(*run));
  queue_.erase(run);
}

void CpuDevice::cancel_impl(Serial serial) {
  const std::lock_guard lock(queue_mutex_);
  const auto run = std::ranges::find(queue_, serial, [](const auto& r) { return r->serial(); });
  if (run != queue_.end()) (*run)->cancel();
}

Result<ReadPeak> CpuDevice::measure_read_impl(const Buffer& buffer) {
  const std::uint64_t share = buffer.size_bytes() / team_.size();
  ReadPeak best = {};
  for (const unsigned streams : kReadStreams) {
    std::atomic<std::uint64_t> seen = 0;
    const std::uint64_t begin_ns = os::monotonic_ns();
    team_.run([&](unsigned member) {
      seen += read_all(isa_, {buffer.contents() + member * share, share}, streams);
    });
    const auto duration_ns = static_cast<double>(os::monotonic_ns() - begin_ns);
    const double speed = static_cast<double>(share * team_.size()) / duration_ns * 1e9;
    if (speed > best.bytes_per_second) best = {speed, streams};
  }
  return best;
}

Result<double> CpuDevice::measure_arithmetic_impl() {
  std::atomic<std::uint64_t> done = 0;
  std::atomic<float> result = 0;
  const std::uint64_t begin_ns = os::monotonic_ns();
  team_.run([&](unsigned) {
    std::uint64_t own = 0;
    result.store(multiply_add(isa_, kPeakMultiplyAdds, own), std::memory_order_relaxed);
    done += own;
  });
  return 2e9 * static_cast<double>(done) / static_cast<double>(os::monotonic_ns() - begin_ns);
}

}  // namespace

Result<std::unique_ptr<Device>> open_cpu_device(unsigned thread_count, std::string_view isa) {
  if (thread_count > kMostThreads) {
    return fail(ErrorCode::invalid_argument, "Thread count ({}) is over the limit ({}).",
                thread_count, kMostThreads);
  }
  DW_TRY_ASSIGN(const Isa chosen, choose_isa(isa));
  return std::make_unique<CpuDevice>(
      thread_count == 0 ? os::available_processor_count() : thread_count, chosen);
}

std::string describe_cpu() {
  return describe(os::available_processor_count(), *choose_isa(""));
}

}  // namespace driftwood::device::cpu
