#include "device/vulkan/heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "device/test_support.h"
#include "device/vulkan/test_driver.h"

namespace driftwood::device::vulkan {
namespace {

using device::testing::must;
using testing::Driver;

class HeapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    gpu_ = testing::open_gpu(driver_);
    if (gpu_ == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
    heap_ = std::make_unique<Heap>(*gpu_);
  }

  Driver driver_;
  std::unique_ptr<Gpu> gpu_;
  std::unique_ptr<Heap> heap_;
};

TEST_F(HeapTest, small_pieces_share_one_piece_of_the_drivers) {
  std::vector<Heap::Piece> pieces;
  for (int i = 0; i < 1000; ++i) pieces.push_back(must(heap_->allocate(Use::data, 1000)));
  EXPECT_EQ(heap_->chunk_count(), 1u);
  for (const Heap::Piece& piece : pieces) {
    EXPECT_EQ(piece.address() % Heap::kAlignmentBytes, 0u);
    EXPECT_GE(piece.size_bytes(), 1000u);
  }
}

// Pieces of random sizes come and go; none ever overlaps another, and when all are gone, all is
// one.
TEST_F(HeapTest, pieces_never_overlap_and_neighbours_join_again) {
  std::mt19937 random(11);
  std::vector<Heap::Piece> pieces;
  for (int round = 0; round < 3000; ++round) {
    if (pieces.empty() || random() % 3 != 0) {
      pieces.push_back(must(heap_->allocate(Use::data, 1 + random() % 300'000)));
    } else {
      std::swap(pieces[random() % pieces.size()], pieces.back());
      pieces.pop_back();
    }
  }
  std::vector<std::pair<Address, Address>> ranges;
  for (const Heap::Piece& piece : pieces) {
    ranges.emplace_back(piece.address(), piece.address() + piece.size_bytes());
  }
  std::ranges::sort(ranges);
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    EXPECT_LE(ranges[i - 1].second, ranges[i].first);
  }
  pieces.clear();
  EXPECT_LE(heap_->chunk_count(), 1u);
  const Heap::Piece whole = must(heap_->allocate(Use::data, std::uint64_t{64} << 20));
  EXPECT_EQ(heap_->chunk_count(), 1u);
}

TEST_F(HeapTest, what_is_larger_than_a_chunk_goes_back_to_the_driver) {
  const Heap::Piece small = must(heap_->allocate(Use::data, 1));
  {
    const Heap::Piece large = must(heap_->allocate(Use::data, std::uint64_t{200} << 20));
    EXPECT_EQ(heap_->chunk_count(), 2u);
  }
  EXPECT_EQ(heap_->chunk_count(), 1u);
}

TEST_F(HeapTest, what_no_device_has_is_refused) {
  for (const std::uint64_t bytes : {std::uint64_t{1} << 45, ~std::uint64_t{0}}) {
    const auto refused = heap_->allocate(Use::data, bytes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::out_of_memory) << refused.error().message();
  }
  EXPECT_TRUE(heap_->allocate(Use::data, 1000));
}

TEST_F(HeapTest, what_is_larger_than_one_piece_may_be_is_refused_before_the_driver_is_asked) {
  std::uint64_t most = 0;
  for (const std::uint32_t type : memory_types(*gpu_, Use::data)) {
    most = std::max(most, gpu_->most_bytes(type));
  }
  driver_.break_call({});
  const auto refused = heap_->allocate(Use::data, most + 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(refused.error().message(),
            fmt::format("While allocating {} bytes of the GPU's memory: One piece of it has at "
                        "most {} bytes.",
                        most + 1, most));
  EXPECT_EQ(driver_.calls("CreateBuffer"), 0);
  EXPECT_EQ(heap_->chunk_count(), 0u);
}

TEST_F(HeapTest, where_little_memory_is_left_what_is_asked_for_is_taken_alone) {
  driver_.break_call({"AllocateMemory", 1, VK_ERROR_OUT_OF_DEVICE_MEMORY});
  EXPECT_EQ(must(heap_->allocate(Use::control, 1000)).size_bytes(), 1024u);
  driver_.break_call({"AllocateMemory", 1, VK_ERROR_OUT_OF_DEVICE_MEMORY, true});
  const auto refused = heap_->allocate(Use::data, 1000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(refused.error().message(),
            "While allocating 1000 bytes of the GPU's memory: vkAllocateMemory answers "
            "VK_ERROR_OUT_OF_DEVICE_MEMORY.");
  driver_.heal();
  EXPECT_TRUE(heap_->allocate(Use::data, 1000));
}

TEST_F(HeapTest, uses_do_not_share_a_piece_and_an_empty_one_is_kept_for_the_next) {
  {
    const Heap::Piece piece = must(heap_->allocate(Use::data, 100));
  }
  EXPECT_EQ(heap_->chunk_count(), 1u);
  driver_.break_call({});
  {
    const Heap::Piece piece = must(heap_->allocate(Use::data, 100));
  }
  EXPECT_EQ(driver_.calls("AllocateMemory"), 0);
  const Heap::Piece piece = must(heap_->allocate(Use::control, 100));
  EXPECT_EQ(heap_->chunk_count(), 2u);
  EXPECT_EQ(must(heap_->allocate(Use::data, 0)).size_bytes(), Heap::kAlignmentBytes);
}

TEST_F(HeapTest, the_host_reaches_control_and_staging_memory_on_every_device) {
  for (const Use use : {Use::control, Use::staging}) {
    const Heap::Piece piece = must(heap_->allocate(use, 100));
    ASSERT_NE(piece.contents(), nullptr);
    piece.contents()[99] = std::byte{7};
    EXPECT_EQ(piece.contents()[99], std::byte{7});
  }
}

TEST(Heap, the_host_does_not_reach_data_of_a_discrete_gpu) {
  Driver driver;
  driver.pretend_discrete();
  const auto gpu = testing::open_gpu(driver);
  if (gpu == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  Heap heap(*gpu);
  EXPECT_EQ(must(heap.allocate(Use::data, 100)).contents(), nullptr);
}

}  // namespace
}  // namespace driftwood::device::vulkan
