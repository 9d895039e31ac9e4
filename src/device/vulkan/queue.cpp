#include "device/vulkan/queue.h"

#include <algorithm>

#include "device/vulkan/outcome.h"
#include "os/process.h"

namespace driftwood::device::vulkan {
namespace {

// How long a GPU of its own is asked again and again before the thread sleeps: being woken takes
// longer than many a run. One that is the processor itself would be held up by that.
constexpr std::uint64_t kSpinNs = 5'000'000;

constexpr std::uint64_t kPatienceNs = 60'000'000'000;  // a GPU that hangs is no GPU

}  // namespace

Result<std::unique_ptr<Queue>> Queue::create(const Gpu& gpu) {
  std::unique_ptr<Queue> queue(new Queue(gpu));
  const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                          .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
  const VkSemaphoreCreateInfo semaphore = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                           .pNext = &type};
  DW_TRY(check_made(gpu.vk().CreateSemaphore(gpu.device(), &semaphore, nullptr, &queue->timeline_),
                    "vkCreateSemaphore", queue->timeline_));
  const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                        .queueFamilyIndex = gpu.physical().queue_family};
  DW_TRY(check_made(gpu.vk().CreateCommandPool(gpu.device(), &pool, nullptr, &queue->pool_),
                    "vkCreateCommandPool", queue->pool_));
  return queue;
}

Queue::~Queue() {
  (void)wait_idle();  // a device that is lost is idle
  if (pool_ != VK_NULL_HANDLE) gpu_.vk().DestroyCommandPool(gpu_.device(), pool_, nullptr);
  if (timeline_ != VK_NULL_HANDLE) gpu_.vk().DestroySemaphore(gpu_.device(), timeline_, nullptr);
}

Result<VkCommandBuffer> Queue::allocate_commands() {
  const VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandPool = pool_,
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = 1};
  VkCommandBuffer commands = VK_NULL_HANDLE;
  DW_TRY(check(gpu_.vk().AllocateCommandBuffers(gpu_.device(), &info, &commands),
               "vkAllocateCommandBuffers"));
  return commands;
}

void Queue::free_commands(VkCommandBuffer commands) {
  gpu_.vk().FreeCommandBuffers(gpu_.device(), pool_, 1, &commands);
}

Result<Ticket> Queue::submit(VkCommandBuffer commands) {
  const std::uint64_t value = last_ + 1;
  const VkTimelineSemaphoreSubmitInfo timeline = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .signalSemaphoreValueCount = 1,
      .pSignalSemaphoreValues = &value};
  const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                             .pNext = &timeline,
                             .commandBufferCount = 1,
                             .pCommandBuffers = &commands,
                             .signalSemaphoreCount = 1,
                             .pSignalSemaphores = &timeline_};
  DW_TRY(check(gpu_.vk().QueueSubmit(gpu_.queue(), 1, &info, VK_NULL_HANDLE), "vkQueueSubmit"));
  last_ = value;
  return Ticket{value};
}

Result<bool> Queue::is_done(Ticket ticket) {
  std::uint64_t reached = 0;
  DW_TRY(check(gpu_.vk().GetSemaphoreCounterValue(gpu_.device(), timeline_, &reached),
               "vkGetSemaphoreCounterValue"));
  return reached >= static_cast<std::uint64_t>(ticket);
}

Result<void> Queue::try_wait(Ticket ticket, std::uint64_t timeout_ns) {
  if (!gpu_.shares_host_memory()) {
    const std::uint64_t begin_ns = os::monotonic_ns();
    const std::uint64_t spin_ns = std::min(kSpinNs, timeout_ns);
    do {
      DW_TRY_ASSIGN(const bool done, is_done(ticket));
      if (done) return {};
    } while (os::monotonic_ns() - begin_ns < spin_ns);
    timeout_ns -= spin_ns;
  }
  const auto value = static_cast<std::uint64_t>(ticket);
  const VkSemaphoreWaitInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                    .semaphoreCount = 1,
                                    .pSemaphores = &timeline_,
                                    .pValues = &value};
  return check(gpu_.vk().WaitSemaphores(gpu_.device(), &info, timeout_ns), "vkWaitSemaphores");
}

Result<void> Queue::wait(Ticket ticket, std::uint64_t timeout_ns) {
  auto waited = try_wait(ticket, timeout_ns);
  if (waited || waited.error().code() == ErrorCode::timeout) return waited;
  // The caller is about to let go of what the GPU may still be at work on.
  const auto idle = wait_idle();
  const bool is_lost = waited.error().code() == ErrorCode::device_lost;
  return idle || is_lost ? waited : idle;
}

Result<void> Queue::finish(Ticket ticket, std::string_view what) {
  auto waited = wait(ticket, kPatienceNs);
  if (!waited && waited.error().code() == ErrorCode::timeout) {
    return fail(ErrorCode::device_lost, "The GPU did not finish {} within {} s.", what,
                kPatienceNs / 1'000'000'000);
  }
  return waited;
}

Result<void> Queue::wait_idle() {
  const auto idle = check(gpu_.vk().DeviceWaitIdle(gpu_.device()), "vkDeviceWaitIdle");
  if (idle) return {};
  return fail(ErrorCode::device_lost, "The GPU cannot be waited for: {}", idle.error().message());
}

}  // namespace driftwood::device::vulkan
