#include "cli/encode_text.h"

#include <driftwood/runtime.h>
#include <gtest/gtest.h>

#include <string>

namespace driftwood::cli {
namespace {

// Byte-level BPE, cut into words by a regular expression.
const Model& default_model() {
  static const Model model = [] {
    const auto runtime = Runtime::create({});
    return runtime->open_model(std::string(DRIFTWOOD_SOURCE_DIR) + "/models/default").value();
  }();
  return model;
}

// Paragraphs with single and double line breaks, indented lines, numbers and other scripts.
std::string text_of(std::size_t bytes) {
  const char* const lines[] = {"The ball was red, and the boy's dog had it.\n",
                               "Yes!\n\n",
                               "  an indented line\n",
                               "\n\n\n",
                               "12 345 ünïcödé 你好\n",
                               "def f(x):\n\treturn x\r\n"};
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += lines[i * i % 6];
  return text;
}

TEST(EncodeText, pieces_of_a_long_text_give_the_ids_of_the_whole) {
  const std::string text = text_of(std::size_t{5} << 19);
  std::size_t pieces = 0, last = 0;
  const auto ids = encode_text(default_model(), text, [&](std::size_t bytes) {
    ++pieces;
    last = bytes;
  });
  ASSERT_TRUE(ids) << ids.error().message();
  EXPECT_EQ(pieces, 3u);
  EXPECT_EQ(last, text.size());
  EXPECT_TRUE(*ids == default_model().encode(text, false));
}

TEST(EncodeText, an_empty_text_has_no_ids) {
  EXPECT_TRUE(encode_text(default_model(), "", [](std::size_t) {})->empty());
}

TEST(EncodeText, a_text_without_a_place_to_cut_has_a_limit) {
  const std::string text((std::size_t{16} << 20) + 1, 'a');
  const auto ids = encode_text(default_model(), text, [](std::size_t) {});
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().code(), ErrorCode::limit);
  EXPECT_EQ(
      ids.error().message(),
      "The text cannot be cut into pieces for this tokenizer behind its byte 0; 16777217 bytes "
      "are left, and the limit of one piece is 16777216 bytes.");
}

TEST(EncodeText, bytes_that_are_not_utf8_are_named) {
  const auto ids = encode_text(default_model(), "ab\xff", [](std::size_t) {});
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().message(),
            "In the text from its byte 0 on: A text of 3 bytes cannot be encoded: the text is not "
            "UTF-8 at byte 2.");
}

}  // namespace
}  // namespace driftwood::cli
