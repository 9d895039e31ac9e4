#include "device/vulkan/timer.h"

#include "device/vulkan/outcome.h"

namespace driftwood::device::vulkan {

Result<std::unique_ptr<Timer>> Timer::create(const Gpu& gpu) {
  if (gpu.timestamp_ns() == 0) {
    return fail(ErrorCode::unsupported, "The GPU's queue has no timestamps.");
  }
  std::unique_ptr<Timer> timer(new Timer(gpu));
  const VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                      .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                      .queryCount = 2};
  DW_TRY(check_made(gpu.vk().CreateQueryPool(gpu.device(), &info, nullptr, &timer->pool_),
                    "vkCreateQueryPool", timer->pool_));
  return timer;
}

Timer::~Timer() {
  if (pool_ != VK_NULL_HANDLE) gpu_.vk().DestroyQueryPool(gpu_.device(), pool_, nullptr);
}

void Timer::begin(VkCommandBuffer commands) const {
  gpu_.vk().CmdResetQueryPool(commands, pool_, 0, 2);
  gpu_.vk().CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool_, 0);
}

void Timer::end(VkCommandBuffer commands) const {
  gpu_.vk().CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool_, 1);
}

Result<std::uint64_t> Timer::duration_ns() const {
  std::uint64_t at[2] = {};
  DW_TRY(
      check(gpu_.vk().GetQueryPoolResults(gpu_.device(), pool_, 0, 2, sizeof(at), at, sizeof(at[0]),
                                          VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
            "vkGetQueryPoolResults"));
  const std::uint64_t unused_bits = 64 - gpu_.physical().timestamp_bits;  // the clock begins anew
  const std::uint64_t steps = (at[1] - at[0]) << unused_bits >> unused_bits;
  return static_cast<std::uint64_t>(static_cast<double>(steps) * gpu_.timestamp_ns());
}

}  // namespace driftwood::device::vulkan
