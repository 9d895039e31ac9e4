#include "device/vulkan/peaks.h"

#include <algorithm>
#include <vector>

#include "device/vulkan/outcome.h"
#include "device/vulkan/timer.h"

namespace driftwood::device::vulkan {
namespace {

// As peaks.slang has them.
constexpr std::uint64_t kThreads = 256;
constexpr std::uint64_t kTurns = 4096;
constexpr std::uint64_t kChains = 8;

constexpr std::uint64_t kPieceBytes = 16;
constexpr int kRounds = 5;

// Workgroups of a measurement. How many of them a GPU does at once nobody tells, so that several
// numbers are tried.
std::vector<std::uint32_t> group_counts(const Gpu& gpu) {
  if (gpu.physical().properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU) return {8};
  return gpu.shares_host_memory() ? std::vector<std::uint32_t>{64, 256}
                                  : std::vector<std::uint32_t>{1056, 2112, 4224, 8448, 16896};
}

// Has one kernel run some times, and gives the shortest time.
Result<std::uint64_t> best_time_ns(const Workshop& workshop, Pipelines& pipelines,
                                   std::string_view entry, kernels::Call call,
                                   std::uint32_t groups) {
  const Functions& vk = workshop.gpu.vk();
  DW_TRY_ASSIGN(const auto results,
                allocate_buffer(workshop.heap, groups * kThreads * sizeof(float)));
  DW_TRY_ASSIGN(const Heap::Piece control,
                workshop.heap.allocate(Use::control, sizeof(call) + sizeof(kernels::Grid)));
  call.operands[1].base = results->address();
  call.attributes[1] = static_cast<std::int32_t>(groups);
  const kernels::Grid grid = {groups, 1, 1};
  std::ranges::copy(std::as_bytes(std::span(&call, 1)), control.contents());
  std::ranges::copy(std::as_bytes(std::span(&grid, 1)), control.contents() + sizeof(call));
  DW_TRY_ASSIGN(const VkPipeline pipeline, pipelines.find("peaks", entry));
  DW_TRY_ASSIGN(const auto timer, Timer::create(workshop.gpu));
  DW_TRY_ASSIGN(const VkCommandBuffer commands, workshop.queue.allocate_commands());
  const auto measure = [&]() -> Result<std::uint64_t> {
    const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    DW_TRY(check(vk.BeginCommandBuffer(commands, &info), "vkBeginCommandBuffer"));
    timer->begin(commands);
    const Address address = control.address();
    vk.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    vk.CmdPushConstants(commands, pipelines.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0,
                        sizeof(address), &address);
    vk.CmdDispatchIndirect(commands, control.buffer(), control.offset_bytes() + sizeof(call));
    timer->end(commands);
    DW_TRY(check(vk.EndCommandBuffer(commands), "vkEndCommandBuffer"));
    DW_TRY_ASSIGN(const Ticket ticket, workshop.queue.submit(commands));
    DW_TRY(workshop.queue.finish(ticket, "a measurement"));
    DW_TRY_ASSIGN(const std::uint64_t ns, timer->duration_ns());
    return std::max<std::uint64_t>(1, ns);  // a clock may stand still for as long
  };
  Result<std::uint64_t> best = measure();
  for (int round = 1; best && round < kRounds; ++round) {
    const auto again = measure();
    best = again ? Result<std::uint64_t>(std::min(*best, *again)) : again;
  }
  workshop.queue.free_commands(commands);
  return best;
}

}  // namespace

Result<ReadPeak> measure_read_peak(const Workshop& workshop, Pipelines& pipelines,
                                   const VulkanBuffer& buffer) {
  kernels::Call call = {};
  call.operands[0].base = buffer.address();
  call.operands[0].rows = static_cast<std::uint32_t>(buffer.size_bytes() / kPieceBytes);
  const double bytes = static_cast<double>(buffer.size_bytes());
  ReadPeak best = {0, 1};
  for (const std::uint32_t groups : group_counts(workshop.gpu)) {
    DW_TRY_ASSIGN(const std::uint64_t ns,
                  best_time_ns(workshop, pipelines, "read_peak", call, groups));
    best.bytes_per_second = std::max(best.bytes_per_second, bytes / static_cast<double>(ns) * 1e9);
  }
  return best;
}

Result<double> measure_arithmetic_peak(const Workshop& workshop, Pipelines& pipelines) {
  double best = 0;
  for (const std::uint32_t groups : group_counts(workshop.gpu)) {
    DW_TRY_ASSIGN(const std::uint64_t ns,
                  best_time_ns(workshop, pipelines, "arithmetic_peak", {}, groups));
    const double operations = 2.0 * kChains * kTurns * kThreads * static_cast<double>(groups);
    best = std::max(best, operations / static_cast<double>(ns) * 1e9);
  }
  return best;
}

}  // namespace driftwood::device::vulkan
