#include "guest/shared_window.h"

#include <gtest/gtest.h>

#include "device/registry.h"

namespace driftwood::guest {
namespace {

constexpr std::uint64_t kPage = memory::kWasmPageBytes;

class SharedWindow : public testing::Test {
 protected:
  SharedWindow()
      : device(device::open_device("null", {}).value()),
        region(memory::Region::reserve(
                   {.committed_bytes = 4 * kPage, .reserved_bytes = 8 * kPage, .guard_bytes = 0})
                   .value()) {}

  Result<std::shared_ptr<Window>> share(std::uint64_t offset, std::uint64_t size) {
    return Window::share(table, region, *device, {offset, size, memory::Access::read_write});
  }

  std::unique_ptr<device::Device> device;
  std::shared_ptr<memory::Region> region;
  memory::WindowTable table;
};

TEST_F(SharedWindow, is_the_bytes_of_the_memory) {
  const auto window = share(kPage, 2 * kPage);
  ASSERT_TRUE(window) << window.error().message();
  EXPECT_EQ((*window)->buffer().contents(), region->base() + kPage);
  EXPECT_EQ((*window)->buffer().size_bytes(), 2 * kPage);
  EXPECT_EQ((*window)->range().offset_bytes, kPage);
  EXPECT_EQ(table.ranges().size(), 1u);
  EXPECT_EQ(region->import_count(), 1u);
}

TEST_F(SharedWindow, gives_its_range_back_when_it_goes) {
  auto window = share(0, kPage);
  ASSERT_TRUE(window);
  EXPECT_FALSE(share(0, kPage));
  window->reset();
  EXPECT_EQ(region->import_count(), 0u);
  EXPECT_TRUE(share(0, kPage));
}

TEST_F(SharedWindow, one_that_is_refused_leaves_nothing_behind) {
  for (const auto& [offset, size] : {std::pair(4 * kPage, kPage), {kPage / 2, kPage}, {0ul, 0ul}}) {
    const auto refused = share(offset, size);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(table.ranges().empty());
  EXPECT_EQ(region->import_count(), 0u);
}

TEST_F(SharedWindow, refuses_a_range_that_another_one_has) {
  const auto first = share(kPage, 2 * kPage);
  const auto second = share(2 * kPage, 2 * kPage);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message().find("overlaps the window"), std::string::npos);
}

}  // namespace
}  // namespace driftwood::guest
