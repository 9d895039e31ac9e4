// Shared memory, over a host that takes every window and refuses none.
#include "driftwood.hpp"

#include <gtest/gtest.h>

extern "C" {
void* dw_native_allocate(std::uint32_t size) {
  return std::aligned_alloc(65536, size);
}
void dw_native_free(void* address) {
  std::free(address);
}
std::int32_t dw_window_share(void*, std::uint32_t, std::uint32_t) {
  return 1;
}
std::int32_t dw_release(std::int32_t) {
  return 0;
}
}

namespace driftwood::sdk {
namespace {

TEST(SharedBuffer, sizes_above_32_bits_do_not_wrap) {
  EXPECT_EQ(SharedBuffer::bytes_for<float>(1u << 30), std::uint64_t{1} << 32);
  EXPECT_EQ(SharedBuffer::bytes_for<std::int32_t>(0xffffffff), std::uint64_t{1} << 34);
}

TEST(SharedBuffer, more_than_a_guest_s_memory_is_refused_with_both_numbers) {
  for (const std::uint64_t size_bytes :
       {(std::uint64_t{1} << 32) - 65535, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    const auto buffer = SharedBuffer::create(size_bytes);
    ASSERT_FALSE(buffer) << size_bytes;
    EXPECT_EQ(buffer.error().code, DW_E_LIMIT);
    EXPECT_EQ(buffer.error().message, "A shared buffer of " + std::to_string(size_bytes) +
                                          " bytes is asked for; a guest's memory holds one of at "
                                          "most 4294901760.");
  }
}

TEST(SharedBuffer, pieces_follow_each_other_aligned_and_zero) {
  auto buffer = SharedBuffer::create(2 * SharedBuffer::bytes_for<float>(3));
  ASSERT_TRUE(buffer) << buffer.error().message;
  const auto first = buffer->take<float>(3), second = buffer->take<float>(3);
  EXPECT_EQ(first.offset_bytes, 0u);
  EXPECT_EQ(second.offset_bytes, 64u);
  EXPECT_EQ(second.window, 1u);
  for (const float element : second.elements) EXPECT_EQ(element, 0.0f);
}

TEST(SharedBuffer, a_piece_that_does_not_fit_ends_the_guest) {
  auto buffer = SharedBuffer::create(1);
  ASSERT_TRUE(buffer) << buffer.error().message;
  EXPECT_DEATH(buffer->take<float>(16385), "");
  EXPECT_DEATH(buffer->take<float>(1u << 30), "");
}

}  // namespace
}  // namespace driftwood::sdk
