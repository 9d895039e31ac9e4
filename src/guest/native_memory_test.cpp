#include "guest/native_memory.h"

#include <gtest/gtest.h>

#include <array>

namespace driftwood::guest {
namespace {

constexpr std::uint32_t kStep = 65536;

TEST(NativeMemory, windows_are_aligned_apart_and_taken_again_after_free) {
  auto memory = NativeMemory::create(8 * kStep);
  ASSERT_TRUE(memory) << memory.error().message();
  std::byte* const first = memory->allocate(kStep);
  std::byte* const second = memory->allocate(2 * kStep);
  std::byte* const third = memory->allocate(kStep);
  EXPECT_EQ(memory->offset_of(first), NativeMemory::kArgumentBytes);
  EXPECT_EQ(second, first + kStep);
  EXPECT_EQ(third, second + 2 * kStep);
  third[kStep - 1] = std::byte{1};
  memory->free(second);
  EXPECT_EQ(memory->allocate(3 * kStep), third + kStep);
  EXPECT_EQ(memory->allocate(kStep), second);
  EXPECT_EQ(memory->allocate(kStep), second + kStep);
}

TEST(NativeMemory, there_is_nothing_beyond_the_limit) {
  auto memory = NativeMemory::create(3 * kStep);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->allocate(4 * kStep), nullptr);
  EXPECT_NE(memory->allocate(3 * kStep), nullptr);
  EXPECT_EQ(memory->allocate(kStep), nullptr);
}

TEST(NativeMemory, other_addresses_have_no_offset_within) {
  auto memory = NativeMemory::create(kStep);
  ASSERT_TRUE(memory);
  std::byte* const window = memory->allocate(kStep);
  const int elsewhere = 0;
  const std::uint64_t size = memory->region()->committed_bytes();
  EXPECT_GE(memory->offset_of(&elsewhere), size);
  EXPECT_GE(memory->offset_of(nullptr), size);
  EXPECT_GE(memory->offset_of(memory->region()->base()), size) << "the place of arguments";
  EXPECT_GE(memory->offset_of(window + kStep), size);
  memory->free(nullptr);
  EXPECT_EQ(memory->allocate(kStep), nullptr) << "what is in use was freed";
}

TEST(NativeArguments, lie_one_after_the_other_and_come_back_as_far_as_they_were_written) {
  auto memory = NativeMemory::create(kStep);
  ASSERT_TRUE(memory);
  NativeArguments arguments(*memory->region());
  const std::array<char, 3> given = {'a', 'b', 'c'};
  std::array<char, 4> taken = {'w', 'x', 'y', 'z'};
  EXPECT_EQ(arguments.in(given.data(), given.size()), 0u);
  const std::uint32_t out = arguments.out(taken.data(), taken.size());
  EXPECT_EQ(out, 3u);
  std::copy_n(memory->region()->base(), 3, memory->region()->base() + out);
  arguments.copy_back(2);
  EXPECT_EQ(std::string_view(taken.data(), taken.size()), "abyz");
  arguments.copy_back(100);
  EXPECT_EQ(taken[2], 'c');
}

TEST(NativeArguments, that_do_not_fit_have_no_offset_within) {
  auto memory = NativeMemory::create(kStep);
  ASSERT_TRUE(memory);
  NativeArguments arguments(*memory->region());
  const std::uint64_t size = memory->region()->committed_bytes();
  char byte = 0;
  EXPECT_GE(arguments.in(&byte, NativeMemory::kArgumentBytes + 1), size);
  EXPECT_GE(arguments.out(&byte, NativeMemory::kArgumentBytes + 1), size);
  arguments.copy_back(1);
  EXPECT_EQ(byte, 0);
}

}  // namespace
}  // namespace driftwood::guest
