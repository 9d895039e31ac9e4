#include "guest/handle_table.h"

#include <gtest/gtest.h>

namespace driftwood::guest {
namespace {

using model::Model;

std::shared_ptr<const Model> make_model() {
  return std::make_shared<Model>();
}

TEST(HandleTable, gives_back_what_was_added) {
  HandleTable table(10);
  const auto object = make_model();
  const auto handle = table.add(object);
  ASSERT_TRUE(handle);
  EXPECT_EQ(table.find<const Model>(*handle), object);
}

TEST(HandleTable, counts_up_and_never_reuses) {
  HandleTable table(10);
  EXPECT_EQ(table.add(make_model()), 1u);
  EXPECT_EQ(table.add(make_model()), 2u);
  ASSERT_TRUE(table.release(2));
  EXPECT_EQ(table.add(make_model()), 3u);
  EXPECT_EQ(table.alive_count(), 2u);
}

TEST(HandleTable, tells_what_is_wrong_with_a_handle) {
  HandleTable table(10);
  ASSERT_TRUE(table.add(make_model()));
  ASSERT_TRUE(table.add(std::make_shared<Graph>()));
  ASSERT_TRUE(table.release(1));
  const auto message = [&](std::uint32_t handle) {
    const auto found = table.find<const Model>(handle);
    EXPECT_FALSE(found);
    EXPECT_EQ(found.error().code(), ErrorCode::invalid_argument);
    return found.error().message();
  };
  EXPECT_EQ(message(1), "Handle 1 was released.");
  EXPECT_EQ(message(2), "Handle 2 is a graph, not a model.");
  EXPECT_EQ(message(3), "Handle 3 was never given to this guest.");
  EXPECT_EQ(message(0), "Handle 0 was never given to this guest.");
  EXPECT_EQ(message(0xffffffff), "Handle -1 was never given to this guest.");
}

TEST(HandleTable, refuses_to_release_twice) {
  HandleTable table(10);
  ASSERT_TRUE(table.add(make_model()));
  EXPECT_TRUE(table.release(1));
  EXPECT_FALSE(table.release(1));
  EXPECT_FALSE(table.release(7));
}

TEST(HandleTable, has_a_limit_of_handles_alive) {
  HandleTable table(2);
  ASSERT_TRUE(table.add(make_model()));
  ASSERT_TRUE(table.add(make_model()));
  const auto third = table.add(make_model());
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code(), ErrorCode::limit);
  ASSERT_TRUE(table.release(1));
  EXPECT_TRUE(table.add(make_model()));
}

TEST(HandleTable, drops_its_share_on_release) {
  HandleTable table(2);
  const auto object = make_model();
  ASSERT_TRUE(table.add(object));
  EXPECT_EQ(object.use_count(), 2);
  ASSERT_TRUE(table.release(1));
  EXPECT_EQ(object.use_count(), 1);
}

}  // namespace
}  // namespace driftwood::guest
