#include "device/vulkan/transfer.h"

#include <algorithm>

#include "device/vulkan/outcome.h"

namespace driftwood::device::vulkan {
namespace {

constexpr std::uint64_t kStagingBytes = std::uint64_t{16} << 20;

}  // namespace

Result<std::unique_ptr<Transfer>> Transfer::create(const Gpu& gpu, Queue& queue, Heap& heap) {
  std::unique_ptr<Transfer> transfer(new Transfer(gpu, queue, heap));
  DW_TRY_ASSIGN(transfer->commands_, queue.allocate_commands());
  return transfer;
}

Transfer::~Transfer() {
  if (commands_ != VK_NULL_HANDLE) queue_.free_commands(commands_);
}

Result<void> Transfer::make_staging() {
  if (staging_) return {};
  DW_TRY_ASSIGN(staging_, heap_.allocate(Use::staging, kStagingBytes));
  return {};
}

Result<void> Transfer::begin() {
  const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                         .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
  DW_TRY(check(gpu_.vk().BeginCommandBuffer(commands_, &info), "vkBeginCommandBuffer"));
  const VkMemoryBarrier before = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
      .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT};
  gpu_.vk().CmdPipelineBarrier(
      commands_, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
      VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &before, 0, nullptr, 0, nullptr);
  return {};
}

Result<void> Transfer::finish() {
  const VkMemoryBarrier after = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                 .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                 .dstAccessMask = VK_ACCESS_HOST_READ_BIT |
                                                  VK_ACCESS_SHADER_READ_BIT |
                                                  VK_ACCESS_SHADER_WRITE_BIT};
  gpu_.vk().CmdPipelineBarrier(commands_, VK_PIPELINE_STAGE_TRANSFER_BIT,
                               VK_PIPELINE_STAGE_HOST_BIT | VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0,
                               1, &after, 0, nullptr, 0, nullptr);
  DW_TRY(check(gpu_.vk().EndCommandBuffer(commands_), "vkEndCommandBuffer"));
  DW_TRY_ASSIGN(const Ticket ticket, queue_.submit(commands_));
  return queue_.finish(ticket, "a copy");
}

Result<void> Transfer::copy(const BufferPlace& from, const BufferPlace& to,
                            std::uint64_t size_bytes) {
  if (size_bytes == 0) return {};
  const VulkanBuffer &source = vulkan_buffer(*from.buffer), &target = vulkan_buffer(*to.buffer);
  DW_TRY(begin());
  const VkBufferCopy region = {.srcOffset = source.handle_offset_bytes() + from.offset_bytes,
                               .dstOffset = target.handle_offset_bytes() + to.offset_bytes,
                               .size = size_bytes};
  gpu_.vk().CmdCopyBuffer(commands_, source.handle(), target.handle(), 1, &region);
  return finish();
}

Result<void> Transfer::clear(const VulkanBuffer& buffer) {
  if (buffer.contents() != nullptr) {
    std::fill_n(buffer.contents(), buffer.size_bytes(), std::byte{0});
    return {};
  }
  DW_TRY(begin());
  // Pieces of the heap are a multiple of 4 bytes large.
  gpu_.vk().CmdFillBuffer(commands_, buffer.handle(), buffer.handle_offset_bytes(),
                          (buffer.size_bytes() + 3) / 4 * 4, 0);
  return finish();
}

Result<void> Transfer::upload(const VulkanBuffer& to, std::uint64_t offset_bytes,
                              std::span<const std::byte> from) {
  if (to.contents() != nullptr) {
    std::ranges::copy(from, to.contents() + offset_bytes);
    return {};
  }
  DW_TRY(make_staging());
  for (std::uint64_t done = 0; done < from.size(); done += kStagingBytes) {
    const std::uint64_t size_bytes = std::min<std::uint64_t>(kStagingBytes, from.size() - done);
    std::ranges::copy(from.subspan(done, size_bytes), staging_.contents());
    DW_TRY(begin());
    const VkBufferCopy region = {.srcOffset = staging_.offset_bytes(),
                                 .dstOffset = to.handle_offset_bytes() + offset_bytes + done,
                                 .size = size_bytes};
    gpu_.vk().CmdCopyBuffer(commands_, staging_.buffer(), to.handle(), 1, &region);
    DW_TRY(finish());
  }
  return {};
}

Result<void> Transfer::download(const VulkanBuffer& from, std::uint64_t offset_bytes,
                                std::span<std::byte> to) {
  if (from.contents() != nullptr) {
    std::copy_n(from.contents() + offset_bytes, to.size(), to.begin());
    return {};
  }
  DW_TRY(make_staging());
  for (std::uint64_t done = 0; done < to.size(); done += kStagingBytes) {
    const std::uint64_t size_bytes = std::min<std::uint64_t>(kStagingBytes, to.size() - done);
    DW_TRY(begin());
    const VkBufferCopy region = {.srcOffset = from.handle_offset_bytes() + offset_bytes + done,
                                 .dstOffset = staging_.offset_bytes(),
                                 .size = size_bytes};
    gpu_.vk().CmdCopyBuffer(commands_, from.handle(), staging_.buffer(), 1, &region);
    DW_TRY(finish());
    std::copy_n(staging_.contents(), size_bytes, to.begin() + done);
  }
  return {};
}

}  // namespace driftwood::device::vulkan
