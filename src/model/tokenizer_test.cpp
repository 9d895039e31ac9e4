#include "model/tokenizer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "os/file.h"

namespace driftwood::model {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int32_t>;

std::string utf8(unsigned code_point) {  // below U+0800
  if (code_point < 0x80) return std::string(1, static_cast<char>(code_point));
  return {static_cast<char>(0xc0 | code_point >> 6), static_cast<char>(0x80 | (code_point & 0x3f))};
}

// The printable stand-in that byte-level tokenizers use for a byte (GPT-2).
std::string stand_in(unsigned byte) {
  const auto is_itself = [](unsigned b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  };
  if (is_itself(byte)) return utf8(byte);
  unsigned others = 0;
  for (unsigned b = 0; b < byte; ++b) others += !is_itself(b);
  return utf8(256 + others);
}

json special(int id, const char* content) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

json tokenizer_json(json vocabulary, json merges, json decoder, json added_tokens) {
  return {{"version", "1.0"},
          {"added_tokens", std::move(added_tokens)},
          {"decoder", std::move(decoder)},
          {"model",
           {{"type", "BPE"}, {"vocab", std::move(vocabulary)}, {"merges", std::move(merges)}}}};
}

// Token i is byte i; 256 is "a" with the first byte of an emoji, 257 its other three, 258 is
// special.
constexpr std::int32_t kLetterAndHead = 256;
constexpr std::int32_t kTail = 257;
constexpr std::int32_t kSpecial = 258;

std::unique_ptr<const Tokenizer> byte_level() {
  const json bytes = {{"type", "ByteLevel"},
                      {"add_prefix_space", false},
                      {"trim_offsets", true},
                      {"use_regex", false}};
  json vocabulary;
  for (unsigned byte = 0; byte < 256; ++byte) vocabulary[stand_in(byte)] = byte;
  vocabulary["a" + stand_in(0xf0)] = kLetterAndHead;
  vocabulary[stand_in(0x9f) + stand_in(0x98) + stand_in(0x80)] = kTail;
  json text =
      tokenizer_json(vocabulary, json::array(), bytes, json::array({special(kSpecial, "<s>")}));
  text["pre_tokenizer"] = bytes;
  return Tokenizer::from_json(text.dump()).value();
}

// SentencePiece style: ids 0 to 255 are <0x00> to <0xFF>, then a few words that begin with the
// space sign.
constexpr std::int32_t kHello = 256;
constexpr std::int32_t kWorld = 257;
constexpr std::int32_t kReplacementToken = 258;

std::unique_ptr<const Tokenizer> byte_fallback() {
  json vocabulary;
  for (unsigned byte = 0; byte < 256; ++byte) vocabulary[fmt::format("<0x{:02X}>", byte)] = byte;
  vocabulary["▁Hello"] = kHello;
  vocabulary["▁world"] = kWorld;
  vocabulary["\ufffd"] = kReplacementToken;
  const json replace = {{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}};
  const json strip = {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}};
  const json decoder = {
      {"type", "Sequence"},
      {"decoders", json::array({replace, {{"type", "ByteFallback"}}, {{"type", "Fuse"}}, strip})}};
  json text =
      tokenizer_json(vocabulary, json::array(), decoder, json::array({special(259, "<s>")}));
  text["model"]["byte_fallback"] = true;
  return Tokenizer::from_json(text.dump()).value();
}

Ids bytes_of(std::string_view text) {
  Ids ids;
  for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

std::string added(const Tokenizer& tokenizer, const Ids& ids, std::size_t skip,
                  bool complete = false) {
  const auto text = tokenizer.decode_added(ids, skip, complete);
  EXPECT_TRUE(text) << text.error().message();
  return text.value_or("");
}

// The pieces of a stream of ids; each is checked to be whole characters, the last one is complete.
std::vector<std::string> stream(const Tokenizer& tokenizer, const Ids& ids) {
  std::vector<std::string> pieces;
  Ids seen;
  for (const std::int32_t id : ids) {
    seen.push_back(id);
    pieces.push_back(added(tokenizer, seen, seen.size() - 1));
    EXPECT_TRUE(tokenizer.encode(pieces.back(), false)) << "piece " << pieces.size();
  }
  pieces.push_back(added(tokenizer, ids, ids.size(), true));
  return pieces;
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

TEST(Tokenizer, counts_its_vocabulary_with_added_tokens) {
  EXPECT_EQ(byte_level()->vocabulary_size(), 259u);
  EXPECT_EQ(byte_fallback()->vocabulary_size(), 260u);
}

TEST(Tokenizer, merges_may_be_pairs_or_lines) {
  const json vocabulary = {{"a", 0}, {"b", 1}, {"ab", 2}};
  for (const json& merge : {json::array({"a", "b"}), json("a b")}) {
    const json text = tokenizer_json(vocabulary, json::array({merge}), nullptr, json::array());
    EXPECT_EQ(Tokenizer::from_json(text.dump()).value()->encode("aba", false), (Ids{2, 0}));
  }
  const json unknown = tokenizer_json(vocabulary, json::array({"a c"}), nullptr, json::array());
  EXPECT_FALSE(Tokenizer::from_json(unknown.dump()));
}

TEST(Tokenizer, other_models_than_bpe_are_read_too) {
  json text = tokenizer_json({{"a", 0}, {"b", 7}}, nullptr, nullptr, json::array());
  text["model"] = {{"type", "WordLevel"}, {"vocab", {{"a", 0}, {"b", 7}}}, {"unk_token", "a"}};
  const auto tokenizer = Tokenizer::from_json(text.dump()).value();
  EXPECT_EQ(tokenizer->encode("b", false), Ids{7});
  EXPECT_EQ(tokenizer->vocabulary_size(), 8u);
}

TEST(Tokenizer, encodes_utf8_and_refuses_other_bytes_with_their_place) {
  const auto tokenizer = byte_level();
  EXPECT_EQ(tokenizer->encode("hé", false).value(), (Ids{'h', 0xc3, 0xa9}));
  EXPECT_EQ(tokenizer->encode("", false).value(), Ids{});
  const auto refused = tokenizer->encode("ab\xff", false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(refused.error().message(),
            "A text of 3 bytes cannot be encoded: the text is not UTF-8 at byte 2.");
}

TEST(Tokenizer, refuses_json_that_is_no_tokenizer) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"version":"1.0","model":{"type":"none"}})", "\xff"}) {
    const auto refused = Tokenizer::from_json(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code(), ErrorCode::corrupt);
    EXPECT_TRUE(refused.error().message().starts_with("The tokenizer cannot be read: ")) << text;
  }
}

TEST(Tokenizer, refuses_ids_that_int32_cannot_hold) {
  const json text = tokenizer_json({{"a", 4294967295u}}, json::array(), nullptr, json::array());
  const auto refused = Tokenizer::from_json(text.dump());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "The tokenizer's largest id (4294967295) is over the limit (2147483647).");
}

TEST(Tokenizer, refuses_to_decode_ids_outside_its_vocabulary_or_a_skip_above_the_count) {
  const auto tokenizer = byte_level();
  const auto message = [&](const Ids& ids, std::size_t skip) {
    const auto text = tokenizer->decode_added(ids, skip, true);
    return text ? "accepted" : text.error().message();
  };
  EXPECT_EQ(message({'a'}, 1), "accepted");
  EXPECT_EQ(message({'a'}, 2), "The ids to skip (2) are more than there are (1).");
  EXPECT_EQ(message({'a', 259}, 0), "Token id 259 is outside the vocabulary (0 to 258).");
  EXPECT_EQ(message({-1, 'a'}, 1), "Token id -1 is outside the vocabulary (0 to 258).");
}

TEST(Tokenizer, holds_back_a_character_until_its_last_byte) {
  const auto tokenizer = byte_level();
  const std::vector<std::string> expected = {"h", "", "é", "", "", "", "😀", "!", ""};
  EXPECT_EQ(stream(*tokenizer, bytes_of("hé😀!")), expected);
}

TEST(Tokenizer, shows_whole_characters_of_a_token_that_ends_inside_the_next) {
  const auto tokenizer = byte_level();
  EXPECT_EQ(stream(*tokenizer, {kLetterAndHead, kTail, 'b'}),
            (std::vector<std::string>{"a", "😀", "b", ""}));
  // With an unmoved skip the text comes again from there.
  EXPECT_EQ(added(*tokenizer, {kLetterAndHead, kTail}, 0), "a😀");
}

TEST(Tokenizer, gives_replacement_characters_for_what_stays_incomplete) {
  const auto tokenizer = byte_level();
  EXPECT_EQ(stream(*tokenizer, {'a', 0xf0, 0x9f}),
            (std::vector<std::string>{"a", "", "", "\ufffd"}));
  EXPECT_EQ(stream(*tokenizer, {0xf0, 0x9f, 'a'}), (std::vector<std::string>{"", "",
                                                                             "\ufffd"
                                                                             "a",
                                                                             ""}));
}

TEST(Tokenizer, does_not_wait_for_ever_behind_a_true_replacement_character) {
  const auto tokenizer = byte_level();
  const auto pieces = stream(*tokenizer, bytes_of("a\ufffd\ufffd\ufffd\ufffd"));
  EXPECT_EQ(joined(pieces), "a\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(pieces.back(), "\ufffd");

  const auto fallback = byte_fallback();
  EXPECT_EQ(stream(*fallback, {kHello, kReplacementToken, kWorld}),
            (std::vector<std::string>{"Hello", "\ufffd", " world", ""}));
}

TEST(Tokenizer, leaves_out_special_tokens) {
  const auto tokenizer = byte_level();
  EXPECT_EQ(stream(*tokenizer, {kSpecial, 'a', kSpecial, 'b'}),
            (std::vector<std::string>{"", "a", "", "b", ""}));
}

TEST(Tokenizer, keeps_the_space_between_words_that_its_decoder_strips_in_front) {
  const auto tokenizer = byte_fallback();
  EXPECT_EQ(stream(*tokenizer, {kHello, kWorld, kWorld}),
            (std::vector<std::string>{"Hello", " world", " world", ""}));
}

TEST(Tokenizer, streams_long_runs_of_byte_tokens) {
  const auto tokenizer = byte_fallback();
  Ids ids = {kHello};
  for (const std::int32_t byte : bytes_of("é你好😀")) ids.push_back(byte);
  const std::vector<std::string> expected = {"Hello", "",   "é", "", "", "你", "",
                                             "",      "好", "",  "", "", "😀", ""};
  EXPECT_EQ(stream(*tokenizer, ids), expected);
}

TEST(Tokenizer, goes_on_after_byte_tokens_that_are_no_utf8) {
  const auto tokenizer = byte_fallback();
  // The decoder gives up the whole run with the lone 0xE5, the character shown before included.
  Ids ids = bytes_of("é\xe5");
  ids.push_back(kHello);
  EXPECT_EQ(stream(*tokenizer, ids),
            (std::vector<std::string>{"", "é", "", "\ufffd\ufffd\ufffd Hello", ""}));
  // A byte that cannot begin a character is not waited for.
  EXPECT_EQ(added(*tokenizer, {kHello, 0x80}, 1), "\ufffd");
  EXPECT_EQ(added(*tokenizer, {kHello, 0xff}, 1), "\ufffd");
}

TEST(Tokenizer, streams_every_split_of_a_text_to_the_same_whole) {
  const std::string text = "Ça va? 😀👍🏽 你好\n";
  for (const auto& tokenizer : {byte_level(), byte_fallback()}) {
    const Ids ids = bytes_of(text);
    for (std::size_t first = 0; first <= ids.size(); ++first) {
      const Ids head(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(first));
      EXPECT_EQ(added(*tokenizer, head, 0) + added(*tokenizer, ids, first), text) << first;
    }
  }
}

TEST(TinyStories, encodes_and_streams_as_the_reference_has_it) {
  const std::string path = std::string(DRIFTWOOD_TEST_DATA) + "/tinystories-656K/tokenizer.json";
  if (!os::file_exists(path)) {
    ASSERT_STRNE(std::getenv("CI") ? std::getenv("CI") : "", "true") << path << " is missing";
    GTEST_SKIP() << path << " is missing";
  }
  const auto tokenizer = Tokenizer::from_json(*os::read_file(path, 1 << 20)).value();
  EXPECT_EQ(tokenizer->vocabulary_size(), 2048u);
  const std::string text = "Once upon a time, there was a little girl.";
  const Ids ids = tokenizer->encode(text, true).value();
  EXPECT_EQ(ids.front(), 1);
  EXPECT_EQ(tokenizer->encode(text, false).value(), Ids(ids.begin() + 1, ids.end()));
  EXPECT_EQ(joined(stream(*tokenizer, ids)), text);
}

}  // namespace
}  // namespace driftwood::model
