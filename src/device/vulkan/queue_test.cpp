#include "device/vulkan/queue.h"

#include <gtest/gtest.h>

#include "device/test_support.h"
#include "device/vulkan/heap.h"
#include "device/vulkan/test_gpu.h"

namespace driftwood::device::vulkan {
namespace {

using device::testing::kPatienceNs;
using device::testing::must;
using testing::Driver;

constexpr std::uint64_t kBytes = std::uint64_t{256} << 20;  // filling so many takes a while

class QueueTest : public testing::WorkingGpu {
 protected:
  void SetUp() override {
    WorkingGpu::SetUp();
    if (IsSkipped()) return;
    memory_ = must(heap_->allocate(Use::staging, kBytes));
  }
  void TearDown() override {
    if (queue_ == nullptr) return;
    (void)queue_->wait_idle();
    for (const VkCommandBuffer commands : all_) queue_->free_commands(commands);
  }

  // Fills all of the memory with a number.
  VkCommandBuffer fill(std::uint32_t number) {
    all_.push_back(must(queue_->allocate_commands()));
    const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    EXPECT_EQ(gpu_->vk().BeginCommandBuffer(all_.back(), &info), VK_SUCCESS);
    gpu_->vk().CmdFillBuffer(all_.back(), memory_.buffer(), memory_.offset_bytes(), kBytes, number);
    EXPECT_EQ(gpu_->vk().EndCommandBuffer(all_.back()), VK_SUCCESS);
    return all_.back();
  }
  // The first that a wait makes.
  const char* waiting_call() const {
    return gpu_->shares_host_memory() ? "WaitSemaphores" : "GetSemaphoreCounterValue";
  }
  std::uint32_t last_number() const {
    return *reinterpret_cast<const std::uint32_t*>(memory_.contents() + kBytes - 4);
  }

  Heap::Piece memory_;
  std::vector<VkCommandBuffer> all_;
};

INSTANTIATE_TEST_SUITE_P(, QueueTest, ::testing::Bool(), testing::memory_kind);

TEST_P(QueueTest, work_is_done_when_its_ticket_is) {
  const Ticket first = must(queue_->submit(fill(1))), second = must(queue_->submit(fill(2)));
  EXPECT_LT(first, second);
  must(queue_->wait(second, kPatienceNs));
  EXPECT_EQ(last_number(), 2u);
  EXPECT_TRUE(must(queue_->is_done(first)));
  EXPECT_TRUE(must(queue_->is_done(second)));
  must(queue_->wait(first, 0));
}

TEST_P(QueueTest, a_wait_that_is_over_says_so_and_the_work_goes_on) {
  Ticket ticket{};
  for (std::uint32_t i = 1; i <= 4; ++i) ticket = must(queue_->submit(fill(i)));
  EXPECT_FALSE(must(queue_->is_done(ticket)));
  const auto early = queue_->wait(ticket, 1000);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code(), ErrorCode::timeout);
  must(queue_->wait(ticket, kPatienceNs));
  EXPECT_EQ(last_number(), 4u);
}

TEST_P(QueueTest, after_a_wait_that_fails_nothing_is_under_way) {
  const Ticket ticket = must(queue_->submit(fill(5)));
  driver_.break_call({waiting_call(), 1, VK_ERROR_OUT_OF_HOST_MEMORY});
  const auto failed = queue_->wait(ticket, kPatienceNs);
  driver_.heal();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::out_of_memory);
  EXPECT_TRUE(driver_.is_idle());
  EXPECT_EQ(last_number(), 5u);
}

TEST_P(QueueTest, a_gpu_that_nothing_can_be_learnt_of_is_lost) {
  const Ticket ticket = must(queue_->submit(fill(6)));
  driver_.break_call({waiting_call(), 1, VK_ERROR_OUT_OF_HOST_MEMORY});
  // In turn, so that both fail.
  driver_.break_also({"DeviceWaitIdle", 1, VK_ERROR_OUT_OF_HOST_MEMORY});
  const auto failed = queue_->wait(ticket, kPatienceNs);
  driver_.heal();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::device_lost);
  EXPECT_NE(failed.error().message().find("cannot be waited for"), std::string::npos);
}

TEST_P(QueueTest, a_gpu_that_does_not_finish_what_takes_no_minute_is_lost) {
  const Ticket ticket = must(queue_->submit(fill(7)));
  must(queue_->finish(ticket, "a fill"));
  if (!gpu_->shares_host_memory())
    return;  // asks again and again instead, for which the test has no time
  driver_.break_call({"WaitSemaphores", 1, VK_TIMEOUT});
  const auto failed = queue_->finish(ticket, "a fill");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::device_lost);
  EXPECT_EQ(failed.error().message(), "The GPU did not finish a fill within 60 s.");
}

TEST_P(QueueTest, what_was_not_submitted_takes_no_ticket) {
  driver_.break_call({"QueueSubmit", 1, VK_ERROR_OUT_OF_DEVICE_MEMORY});
  const VkCommandBuffer commands = fill(8);
  const auto failed = queue_->submit(commands);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::out_of_memory);
  must(queue_->wait(must(queue_->submit(commands)), kPatienceNs));
  EXPECT_EQ(last_number(), 8u);
}

}  // namespace
}  // namespace driftwood::device::vulkan
