#include "llama/token_text.h"

#include <gtest/gtest.h>

namespace driftwood::guests::llama {
namespace {

// A tokenizer of bytes: id 0 to 255 is that byte, 256 a special token, above that it is unknown.
// Like the host it holds back an incomplete character at the end, which here is one that begins
// with 0xC3.
sdk::Result<std::string> decode_bytes(std::span<const std::int32_t> ids, std::size_t skip,
                                      bool complete) {
  std::string text;
  for (std::size_t i = skip; i < ids.size(); ++i) {
    if (ids[i] > 256) return sdk::fail(DW_E_INVALID, "The id is unknown.");
    if (ids[i] < 256) text += static_cast<char>(ids[i]);
  }
  if (!text.empty() && text.back() == '\xc3') {
    text.pop_back();
    if (complete) text += "\xef\xbf\xbd";
  }
  return text;
}

TEST(TokenText, gives_each_token_s_own_text) {
  TokenText text(decode_bytes, {});
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string added = text.add('a' + i % 26, false);
    EXPECT_EQ(added, std::string(1, static_cast<char>('a' + i % 26)));
  }
}

TEST(TokenText, holds_an_incomplete_character_back) {
  TokenText text(decode_bytes, {});
  EXPECT_EQ(text.add('x', false), "x");
  EXPECT_EQ(text.add(0xc3, false), "");
  EXPECT_EQ(text.add(0xa9, false), "\xc3\xa9");
  EXPECT_EQ(text.add('y', false), "y");
}

TEST(TokenText, loses_no_byte_wherever_the_neighbours_move_up) {
  for (int lead = 0; lead < 20; ++lead) {
    TokenText text(decode_bytes, {});
    std::string expected, got;
    auto add = [&](int byte) {
      expected += static_cast<char>(byte);
      got += text.add(byte, false);
    };
    for (int i = 0; i < lead; ++i) add('a');
    for (int i = 0; i < 20; ++i) {
      add(0xc3);
      add(0xa9);
    }
    EXPECT_EQ(got, expected) << lead;
  }
}

TEST(TokenText, the_last_token_completes_what_is_held_back) {
  TokenText text(decode_bytes, {});
  EXPECT_EQ(text.add(0xc3, false), "");
  EXPECT_EQ(text.add(256, true), "\xef\xbf\xbd");
}

TEST(TokenText, a_last_token_that_is_unknown_completes_what_is_held_back) {
  TokenText text(decode_bytes, {});
  EXPECT_EQ(text.add('x', false), "x");
  EXPECT_EQ(text.add(0xc3, false), "");
  EXPECT_EQ(text.add(257, true), "\xef\xbf\xbd");
  EXPECT_EQ(text.finish(), "");
}

TEST(TokenText, finishing_gives_what_is_held_back_once) {
  TokenText text(decode_bytes, {});
  EXPECT_EQ(text.finish(), "");
  EXPECT_EQ(text.add('x', false), "x");
  EXPECT_EQ(text.finish(), "");
  EXPECT_EQ(text.add(0xc3, false), "");
  EXPECT_EQ(text.finish(), "\xef\xbf\xbd");
  EXPECT_EQ(text.finish(), "");
}

TEST(TokenText, finishing_without_a_token_decodes_nothing) {
  const std::vector<std::int32_t> before = {0xc3};
  TokenText text([](auto, auto, auto) { return sdk::Result<std::string>("held back"); }, before);
  EXPECT_EQ(text.finish(), "");
}

TEST(TokenText, special_and_unknown_tokens_have_no_text) {
  TokenText text(decode_bytes, {});
  EXPECT_EQ(text.add('a', false), "a");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(text.add(256 + i % 2, false), "");
  EXPECT_EQ(text.add('b', false), "b");
}

TEST(TokenText, decodes_a_short_suffix_however_long_the_history) {
  std::size_t most = 0;
  const std::vector<std::int32_t> before(1000, 'p');
  TokenText text(
      [&](std::span<const std::int32_t> ids, std::size_t skip, bool complete) {
        most = std::max(most, ids.size());
        return decode_bytes(ids, skip, complete);
      },
      before);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(text.add('a', false), "a");
  EXPECT_LE(most, 16u);
}

TEST(TokenText, without_a_tokenizer_everything_is_empty) {
  TokenText text([](auto, auto, auto) { return sdk::fail(DW_E_NOT_FOUND, "No tokenizer."); }, {});
  EXPECT_EQ(text.add(1, false), "");
  EXPECT_EQ(text.add(2, true), "");
}

}  // namespace
}  // namespace driftwood::guests::llama
