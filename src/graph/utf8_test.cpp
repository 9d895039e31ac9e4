#include "graph/utf8.h"

#include <gtest/gtest.h>

namespace driftwood::graph {
namespace {

TEST(Utf8, takes_every_length) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("model.layers.0"));
  EXPECT_TRUE(is_utf8("\xc2\x80 \xdf\xbf"));
  EXPECT_TRUE(is_utf8("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"));
  EXPECT_TRUE(is_utf8("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
}

TEST(Utf8, refuses_what_is_cut_off) {
  EXPECT_FALSE(is_utf8("\xc2"));
  EXPECT_FALSE(is_utf8("\xe0\xa0"));
  EXPECT_FALSE(is_utf8("\xf0\x90\x80"));
  EXPECT_FALSE(is_utf8("\xc2 "));
}

TEST(Utf8, refuses_bytes_that_begin_nothing) {
  EXPECT_FALSE(is_utf8("\x80"));
  EXPECT_FALSE(is_utf8("\xbf"));
  EXPECT_FALSE(is_utf8("\xf8\x88\x80\x80\x80"));
  EXPECT_FALSE(is_utf8("\xff"));
}

TEST(Utf8, refuses_longer_forms_than_needed) {
  EXPECT_FALSE(is_utf8("\xc1\xbf"));
  EXPECT_FALSE(is_utf8("\xe0\x9f\xbf"));
  EXPECT_FALSE(is_utf8("\xf0\x8f\xbf\xbf"));
}

TEST(Utf8, refuses_surrogates_and_what_lies_past_the_end) {
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xed\xbf\xbf"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
}

}  // namespace
}  // namespace driftwood::graph
