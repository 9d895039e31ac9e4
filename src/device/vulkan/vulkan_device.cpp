#include "device/vulkan/vulkan_device.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <type_traits>
#include <utility>

#include "core/check.h"
#include "device/vulkan/executable.h"
#include "device/vulkan/gpu.h"
#include "device/vulkan/heap.h"
#include "device/vulkan/outcome.h"
#include "device/vulkan/peaks.h"
#include "device/vulkan/pipelines.h"
#include "device/vulkan/queue.h"
#include "device/vulkan/run.h"
#include "device/vulkan/transfer.h"
#include "device/vulkan/vulkan_buffer.h"
#include "device/vulkan/weights.h"

namespace driftwood::device::vulkan {
namespace {

// What a device is made of, in the order in which it is made; it goes in the other one.
struct Parts {
  std::unique_ptr<Gpu> gpu;
  std::unique_ptr<Heap> heap;
  std::unique_ptr<Queue> queue;
  std::unique_ptr<Transfer> transfer;
  std::unique_ptr<Pipelines> pipelines;
};

bool is_software(const PhysicalDevice& device) {
  return device.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
}

class VulkanDevice final : public Device {
 public:
  VulkanDevice(Parts parts, const VulkanOptions& options)
      : Device({.name = fmt::format("vulkan:{}", options.index),
                .description =
                    fmt::format("Vulkan, {}, {}", parts.gpu->physical().properties.deviceName,
                                parts.gpu->physical().driver),
                .numerics = fmt::format("vulkan/1/{}", parts.gpu->identity()),
                .imports_host_memory = true}),
        parts_(std::move(parts)),
        weights_(*parts_.gpu, *this),
        on_upload_(options.on_upload) {}

  ~VulkanDevice() override {
    (void)parts_.queue->wait_idle();  // runs that nobody waited for; a device that is lost is idle
    forget_runs();
    parts_.pipelines->keep();
  }

 private:
  Result<std::unique_ptr<Buffer>> import_host_impl(memory::Import window) override {
    return unless_lost([&]() -> Result<std::unique_ptr<Buffer>> {
      return import_window(*parts_.gpu, std::move(window));
    });
  }

  Result<std::unique_ptr<Buffer>> allocate_impl(std::uint64_t size_bytes,
                                                Filling filling) override {
    return unless_lost([&]() -> Result<std::unique_ptr<Buffer>> {
      DW_TRY_ASSIGN(auto buffer, allocate_buffer(*parts_.heap, size_bytes));
      if (filling == Filling::zeros) DW_TRY(parts_.transfer->clear(*buffer));
      return buffer;
    });
  }

  Result<void> copy_impl(const BufferPlace& from, const BufferPlace& to,
                         std::uint64_t size_bytes) override {
    return unless_lost([&] { return parts_.transfer->copy(from, to, size_bytes); });
  }

  Result<void> upload_impl(const Buffer& to, std::uint64_t offset_bytes,
                           std::span<const std::byte> from) override {
    return unless_lost(
        [&] { return parts_.transfer->upload(vulkan_buffer(to), offset_bytes, from); });
  }

  Result<void> download_impl(const Buffer& from, std::uint64_t offset_bytes,
                             std::span<std::byte> to) override {
    return unless_lost(
        [&] { return parts_.transfer->download(vulkan_buffer(from), offset_bytes, to); });
  }

  Result<std::shared_ptr<const Executable>> compile_impl(
      std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
      const std::map<std::uint32_t, tensor::View>& views) override {
    return unless_lost([&]() -> Result<std::shared_ptr<const Executable>> {
      auto executable = VulkanExecutable::create(std::move(program), std::move(weights), views,
                                                 *parts_.pipelines, weights_, on_upload_);
      parts_.pipelines->keep();
      return executable;
    });
  }

  Result<void> submit_impl(Serial serial, std::shared_ptr<const Executable> executable,
                           std::span<const Sequence> sequences) override;
  Result<void> wait_impl(Serial serial, std::uint64_t timeout_ns) override;
  void cancel_impl(Serial serial) override;
  Result<ReadPeak> measure_read_impl(const Buffer& buffer) override {
    return unless_lost(
        [&] { return measure_read_peak(workshop(), *parts_.pipelines, vulkan_buffer(buffer)); });
  }
  Result<double> measure_arithmetic_impl() override {
    return unless_lost([&] { return measure_arithmetic_peak(workshop(), *parts_.pipelines); });
  }
  Result<void> observe_impl(OpObserver observer) override {
    observer_ = std::move(observer);
    return {};
  }

  // Does the work, unless the device is lost: from then on nothing that its memory holds is known.
  template <typename Work>
  std::invoke_result_t<Work> unless_lost(Work work) {
    if (is_lost_) {
      return fail(ErrorCode::device_lost, "Device {} was lost; what it held is gone.",
                  capabilities().name);
    }
    auto done = work();
    if (!done && done.error().code() == ErrorCode::device_lost) is_lost_ = true;
    return done;
  }

  Workshop workshop() {
    return {*parts_.gpu, *parts_.queue, *parts_.heap, *parts_.transfer, *parts_.pipelines};
  }
  // One that was made for the executable, or a new one.
  Result<std::unique_ptr<Run>> take_run(std::shared_ptr<const VulkanExecutable> executable);
  Result<void> begin(Run& run, Serial serial, std::shared_ptr<const VulkanExecutable> executable,
                     std::span<const Sequence> sequences);
  void put_back(std::unique_ptr<Run> run);

  static constexpr std::size_t kMostSpareRuns = 16;

  Parts parts_;
  Weights weights_;
  UploadProgress on_upload_;
  OpObserver observer_;
  bool is_lost_ = false;
  std::vector<std::unique_ptr<Run>> spare_;
  std::mutex queue_mutex_;                  // cancel_impl() looks for its run from any thread
  std::deque<std::unique_ptr<Run>> queue_;  // in the order of submission
};

Result<std::unique_ptr<Run>> VulkanDevice::take_run(
    std::shared_ptr<const VulkanExecutable> executable) {
  std::erase_if(spare_, [](const auto& run) { return run->is_useless(); });
  const auto found =
      std::ranges::find_if(spare_, [&](const auto& run) { return run->is_for(executable); });
  if (found == spare_.end()) return Run::create(workshop(), std::move(executable));
  std::unique_ptr<Run> run = std::move(*found);
  spare_.erase(found);
  return run;
}

Result<void> VulkanDevice::begin(Run& run, Serial serial,
                                 std::shared_ptr<const VulkanExecutable> executable,
                                 std::span<const Sequence> sequences) {
  const bool is_observed = static_cast<bool>(observer_);
  DW_TRY(run.prepare(serial, std::move(executable), sequences, is_observed));
  return is_observed ? run.run_observed(observer_) : run.start();
}

void VulkanDevice::put_back(std::unique_ptr<Run> run) {
  run->release();
  if (spare_.size() == kMostSpareRuns) spare_.erase(spare_.begin());
  spare_.push_back(std::move(run));
}

Result<void> VulkanDevice::submit_impl(Serial serial, std::shared_ptr<const Executable> executable,
                                       std::span<const Sequence> sequences) {
  return unless_lost([&]() -> Result<void> {
    auto own = std::static_pointer_cast<const VulkanExecutable>(std::move(executable));
    DW_TRY_ASSIGN(auto run, take_run(own));
    if (auto begun = begin(*run, serial, std::move(own), sequences); !begun) {
      put_back(std::move(run));
      return begun;
    }
    const std::lock_guard lock(queue_mutex_);
    queue_.push_back(std::move(run));
    return {};
  });
}

Result<void> VulkanDevice::wait_impl(Serial serial, std::uint64_t timeout_ns) {
  const auto found = std::ranges::find(queue_, serial, [](const auto& r) { return r->serial(); });
  DW_CHECK(found != queue_.end());
  const Result<void> ended = unless_lost([&] { return (*found)->wait(timeout_ns); });
  if (!ended && ended.error().code() == ErrorCode::timeout) return ended;
  std::unique_ptr<Run> run;
  {
    const std::lock_guard lock(queue_mutex_);
    run = std::move(*found);
    queue_.erase(found);
  }
  put_back(std::move(run));
  return ended;
}

void VulkanDevice::cancel_impl(Serial serial) {
  const std::lock_guard lock(queue_mutex_);
  const auto run = std::ranges::find(queue_, serial, [](const auto& r) { return r->serial(); });
  if (run != queue_.end()) (*run)->cancel();
}

}  // namespace

Result<std::vector<GpuDescription>> list_gpus() {
  DW_TRY_ASSIGN(const auto instance, Instance::create({}));
  DW_TRY_ASSIGN(const auto devices, instance->physical_devices());
  std::vector<GpuDescription> gpus;
  for (const PhysicalDevice& device : devices) {
    gpus.push_back(
        {device.properties.deviceName, device.driver, device.missing, is_software(device)});
  }
  return gpus;
}

Result<std::unique_ptr<Device>> open_vulkan_device(const VulkanOptions& options) {
  DW_TRY_ASSIGN(auto instance, Instance::create(options.instance));
  Parts parts;
  DW_TRY_ASSIGN(parts.gpu, Gpu::open(std::move(instance), options.index));
  parts.heap = std::make_unique<Heap>(*parts.gpu);
  DW_TRY_ASSIGN(parts.queue, Queue::create(*parts.gpu));
  DW_TRY_ASSIGN(parts.transfer, Transfer::create(*parts.gpu, *parts.queue, *parts.heap));
  DW_TRY_ASSIGN(parts.pipelines, Pipelines::create(*parts.gpu, options.cache_folder));
  return std::make_unique<VulkanDevice>(std::move(parts), options);
}

}  // namespace driftwood::device::vulkan
