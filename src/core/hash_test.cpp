#include "core/hash.h"

#include <gtest/gtest.h>

#include <string_view>

namespace driftwood {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// The values are those of the authors' test suite.
TEST(Hash, equals_the_published_values) {
  EXPECT_EQ(fnv1a({}), 0xcbf29ce484222325);
  EXPECT_EQ(fnv1a(bytes_of("a")), 0xaf63dc4c8601ec8c);
  EXPECT_EQ(fnv1a(bytes_of("foobar")), 0x85944171f73967e8);
}

TEST(Hash, goes_on_where_it_was_left) {
  EXPECT_EQ(fnv1a(bytes_of("bar"), fnv1a(bytes_of("foo"))), fnv1a(bytes_of("foobar")));
}

}  // namespace
}  // namespace driftwood
