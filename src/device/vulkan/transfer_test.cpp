#include "device/vulkan/transfer.h"

#include <gtest/gtest.h>

#include "device/test_support.h"
#include "device/vulkan/test_gpu.h"

namespace driftwood::device::vulkan {
namespace {

using device::testing::Bytes;
using device::testing::must;
using testing::Driver;

constexpr std::uint64_t kStagingBytes = std::uint64_t{16} << 20;  // as transfer.cpp has it

// Bytes that differ from their neighbours and from those a piece further on.
Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t next = 1;
  for (std::byte& byte : bytes) {
    next = next * 1664525 + 1013904223;
    byte = static_cast<std::byte>(next >> 24);
  }
  return bytes;
}

class TransferTest : public testing::WorkingGpu {
 protected:
  void SetUp() override {
    WorkingGpu::SetUp();
    if (IsSkipped()) return;
    transfer_ = must(Transfer::create(*gpu_, *queue_, *heap_));
  }

  std::unique_ptr<VulkanBuffer> allocate(std::uint64_t size_bytes) {
    auto buffer = must(allocate_buffer(*heap_, size_bytes));
    EXPECT_EQ(buffer->contents() != nullptr, gpu_->shares_host_memory());
    return buffer;
  }
  Bytes read(const VulkanBuffer& buffer, std::uint64_t offset_bytes, std::uint64_t size_bytes) {
    Bytes bytes(size_bytes, std::byte{0xee});
    must(transfer_->download(buffer, offset_bytes, bytes));
    return bytes;
  }

  std::unique_ptr<Transfer> transfer_;
};

INSTANTIATE_TEST_SUITE_P(, TransferTest, ::testing::Bool(), testing::memory_kind);

TEST_P(TransferTest, what_is_uploaded_is_downloaded_whatever_its_size_and_place) {
  const auto buffer = allocate(1000);
  must(transfer_->clear(*buffer));
  for (const std::uint64_t size : {0u, 1u, 3u, 4u, 255u, 256u, 990u}) {
    for (const std::uint64_t offset : {0u, 1u, 7u, 10u}) {
      const Bytes sent = pattern(size);
      must(transfer_->upload(*buffer, offset, sent));
      EXPECT_EQ(read(*buffer, offset, size), sent) << size << " at " << offset;
    }
  }
}

TEST_P(TransferTest, what_is_larger_than_the_memory_for_passing_goes_in_pieces) {
  const Bytes sent = pattern(2 * kStagingBytes + 12345);
  const auto buffer = allocate(sent.size() + 100);
  must(transfer_->upload(*buffer, 100, sent));
  EXPECT_TRUE(read(*buffer, 100, sent.size()) == sent);
  EXPECT_TRUE(read(*buffer, 100 + kStagingBytes - 1, 2) ==
              Bytes(sent.begin() + kStagingBytes - 1, sent.begin() + kStagingBytes + 1));
}

TEST_P(TransferTest, a_copy_moves_its_range_and_no_byte_beside_it) {
  const auto from = allocate(600), to = allocate(600);
  const Bytes sent = pattern(600);
  must(transfer_->upload(*from, 0, sent));
  must(transfer_->clear(*to));
  must(transfer_->copy({from.get(), 33}, {to.get(), 101}, 200));
  Bytes wanted(600);
  std::copy_n(sent.begin() + 33, 200, wanted.begin() + 101);
  EXPECT_EQ(read(*to, 0, 600), wanted);
  must(transfer_->copy({from.get(), 0}, {to.get(), 0}, 0));
  EXPECT_EQ(read(*to, 0, 600), wanted);
}

TEST_P(TransferTest, clearing_leaves_the_neighbours_alone) {
  const auto before = allocate(256), buffer = allocate(255), after = allocate(256);
  for (const auto* const one : {&before, &buffer, &after}) {
    must(transfer_->upload(**one, 0, Bytes((*one)->size_bytes(), std::byte{7})));
  }
  must(transfer_->clear(*buffer));
  EXPECT_EQ(read(*buffer, 0, 255), Bytes(255));
  EXPECT_EQ(read(*before, 0, 256), Bytes(256, std::byte{7}));
  EXPECT_EQ(read(*after, 0, 256), Bytes(256, std::byte{7}));
}

TEST_P(TransferTest, the_driver_is_asked_only_where_the_host_does_not_reach_the_memory) {
  const auto buffer = allocate(64);
  driver_.break_call({});
  must(transfer_->upload(*buffer, 0, pattern(64)));
  read(*buffer, 0, 64);
  EXPECT_EQ(driver_.calls("QueueSubmit"), gpu_->shares_host_memory() ? 0 : 2);
}

}  // namespace
}  // namespace driftwood::device::vulkan
