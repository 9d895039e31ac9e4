#include <gtest/gtest.h>

#include "guest/test_support.h"
#include "model/model.h"

namespace driftwood::guest {
namespace {

using test::read_text;
using test::read_word;
using test::result_of;
using test::Script;
using test::Value;

constexpr std::uint32_t kText = Script::kFree, kIds = kText + 256, kOut = kText + 512;
constexpr std::uint32_t kEnd = 8 * 65536;
// Words between spaces; decoding puts one space between tokens.
constexpr std::string_view kTokenizer = R"({"version":"1.0","truncation":null,"padding":null,
  "added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},
  "post_processor":null,"decoder":null,
  "model":{"type":"WordLevel","vocab":{"?":0,"red":1,"green":2,"blue":3},"unk_token":"?"}})";

class AbiTokens : public test::HostedGuest {
 protected:
  AbiTokens() {
    auto made = std::make_shared<model::Model>();
    made->tokenizer = model::Tokenizer::from_json(kTokenizer).value();
    services.model = std::move(made);
    model = script.call("model_open", {0});
  }
  Script script;
  Value model = 0;
};

TEST_F(AbiTokens, encode_writes_what_fits_and_gives_the_count) {
  script.data(kText, "red blue green");
  script.words(kIds, {9, 9, 9, 9});
  const Value count = script.call("tokens_encode", {model, kText, 14, 0, 0, 0});
  const Value part = script.call("tokens_encode", {model, kText, 14, 0, kIds, 2});
  const Value end = script.call("tokens_encode", {model, kText, 14, 0, kEnd - 12, 3});
  auto guest = start(script);
  for (const Value step : {count, part, end}) EXPECT_EQ(result_of(*guest, step), 3);
  EXPECT_EQ(read_word(*guest, kIds), 1);
  EXPECT_EQ(read_word(*guest, kIds + 4), 3);
  EXPECT_EQ(read_word(*guest, kIds + 8), 9);
  EXPECT_EQ(read_word(*guest, kEnd - 4), 2);
}

TEST_F(AbiTokens, encode_refuses_what_lies_outside_or_is_no_text) {
  script.data(kText, "\xff\xfe");
  const std::vector<Value> steps = {
      script.call("tokens_encode", {model, kEnd - 1, 2, 0, kIds, 2}),
      script.call("tokens_encode", {model, kText, 0, 0, kEnd - 7, 2}),
      script.call("tokens_encode", {model, kText, 0, 0, 0, 0x40000000}),  // 2^32 bytes
      script.call("tokens_encode", {model, kText, 2, 0, kIds, 2}),
      script.call("tokens_encode", {9, kText, 0, 0, kIds, 2}),
  };
  auto guest = start(script);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
}

TEST_F(AbiTokens, decode_gives_the_text_that_ids_add) {
  script.words(kIds, {1, 3, 2});
  const Value whole = script.call("tokens_decode", {model, kIds, 3, 0, 0, kOut, 64});
  const Value added = script.call("tokens_decode", {model, kIds, 3, 2, 0, kOut + 64, 64});
  const Value nothing = script.call("tokens_decode", {model, kIds, 3, 3, 0, kOut, 64});
  auto guest = start(script);
  EXPECT_EQ(read_text(*guest, kOut, static_cast<std::size_t>(result_of(*guest, whole))),
            "red blue green");
  EXPECT_EQ(read_text(*guest, kOut + 64, static_cast<std::size_t>(result_of(*guest, added))),
            " green");
  EXPECT_EQ(result_of(*guest, nothing), 0);
}

TEST_F(AbiTokens, decode_refuses_ids_counts_and_pointers_out_of_range) {
  script.words(kIds, {1, 3, 4, ~0u});
  const std::vector<Value> steps = {
      script.call("tokens_decode", {model, kIds, 2, 3, 0, kOut, 64}),
      script.call("tokens_decode", {model, kIds, 3, 0, 0, kOut, 64}),
      script.call("tokens_decode", {model, kIds + 12, 1, 0, 0, kOut, 64}),
      script.call("tokens_decode", {model, kEnd - 3, 1, 0, 0, kOut, 64}),
      script.call("tokens_decode", {model, kIds, 2, 0, 0, kEnd - 3, 4}),
  };
  auto guest = start(script);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
}

TEST_F(AbiTokens, more_than_one_call_may_take_is_refused_with_the_limit) {
  script.memory = "(memory (export \"memory\") 80)";  // 5 MiB
  script.code("(memory.fill (i32.const 65536) (i32.const 32) (i32.const 4194304))");
  const Value most_text = script.call("tokens_encode", {model, 65536, 4194304, 0, 0, 0});
  const Value text = script.call("tokens_encode", {model, 65536, 4194305, 0, 0, 0});
  const Value text_sentence = script.call("error_text", {kOut, 100});
  script.code("(memory.fill (i32.const 65536) (i32.const 0) (i32.const 4194304))");
  const Value most_ids =
      script.call("tokens_decode", {model, 65536, 1048576, 1048576, 0, kOut + 256, 0});
  const Value ids = script.call("tokens_decode", {model, 65536, 1048577, 0, 0, kOut + 256, 0});
  const Value ids_sentence = script.call("error_text", {kOut + 128, 100});
  const Value wrapping = script.call("tokens_decode", {model, 0, 0x40000000, 0, 0, kOut, 0});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, most_text), 0);
  EXPECT_EQ(result_of(*guest, text), DW_E_LIMIT);
  EXPECT_EQ(read_text(*guest, kOut, static_cast<std::size_t>(result_of(*guest, text_sentence))),
            "The text to encode (4194305 bytes) is over the limit (4194304 bytes).");
  EXPECT_EQ(result_of(*guest, most_ids), 0);
  EXPECT_EQ(result_of(*guest, ids), DW_E_LIMIT);
  EXPECT_EQ(
      read_text(*guest, kOut + 128, static_cast<std::size_t>(result_of(*guest, ids_sentence))),
      "The number of ids to decode (1048577) is over the limit (1048576).");
  EXPECT_EQ(result_of(*guest, wrapping), DW_E_LIMIT);
}

}  // namespace
}  // namespace driftwood::guest
