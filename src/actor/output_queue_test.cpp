#include "actor/output_queue.h"

#include <gtest/gtest.h>

#include <limits>

namespace driftwood::actor {
namespace {

TEST(OutputQueue, gives_records_in_their_order_and_counts_them) {
  OutputQueue queue;
  queue.pass();
  queue.push("one");
  queue.push("");
  queue.push("three");
  EXPECT_EQ(queue.first_position(), 1u);
  EXPECT_EQ(queue.waiting_bytes(), 8u);
  EXPECT_EQ(queue.pop(), "one");
  EXPECT_EQ(queue.pop(), "");
  EXPECT_EQ(queue.first_position(), 3u);
  EXPECT_EQ(queue.waiting_bytes(), 5u);
  EXPECT_EQ(queue.pop(), "three");
  EXPECT_EQ(queue.waiting_bytes(), 0u);
  EXPECT_TRUE(queue.records().empty());
}

TEST(OutputQueue, one_that_was_saved_goes_on_where_it_was) {
  OutputQueue queue = OutputQueue::restore(41, {"one", "two"});
  queue.push("three");
  EXPECT_EQ(queue.first_position(), 41u);
  EXPECT_EQ(queue.waiting_bytes(), 11u);
  EXPECT_EQ(queue.pop(), "one");
  EXPECT_EQ(queue.first_position(), 42u);
}

// A file may say any position; nothing is reached through it.
TEST(OutputQueue, positions_turn_over) {
  OutputQueue queue = OutputQueue::restore(std::numeric_limits<std::uint64_t>::max(), {"last"});
  EXPECT_EQ(queue.pop(), "last");
  EXPECT_EQ(queue.first_position(), 0u);
}

}  // namespace
}  // namespace driftwood::actor
