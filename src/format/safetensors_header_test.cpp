#include "format/safetensors_header.h"

#include <gtest/gtest.h>

namespace driftwood::format {
namespace {

constexpr const char* kGood = R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";

// The error of a header that must be refused, as "code: message".
std::string refusal(std::string_view json) {
  const auto header = read_safetensors_header(json);
  if (header) return "accepted";
  return std::string(name(header.error().code())) + ": " + header.error().message();
}

// The same for a header with one tensor "w" of these keys.
std::string refusal_of_tensor(std::string_view keys) {
  return refusal(R"({"w":{)" + std::string(keys) + "}}");
}

TEST(SafetensorsHeader, holds_what_is_written) {
  const auto header = read_safetensors_header(
      R"({"__metadata__":{"a":"1","":"é"},"w":{"data_offsets":[8,12],"shape":[],"dtype":"I32"}} )");
  ASSERT_TRUE(header) << header.error().message();
  EXPECT_EQ(header->metadata, (std::map<std::string, std::string>{{"", "é"}, {"a", "1"}}));
  ASSERT_EQ(header->tensors.size(), 1u);
  const auto& tensor = header->tensors.at("w");
  EXPECT_EQ(tensor.dtype, tensor::DType::i32);
  EXPECT_TRUE(tensor.shape.empty());
  EXPECT_EQ(tensor.begin, 8u);
  EXPECT_EQ(tensor.end, 12u);
}

TEST(SafetensorsHeader, knows_each_dtype_by_its_name) {
  for (std::uint32_t number = 1; const auto dtype = tensor::dtype_from_number(number); ++number) {
    const std::string text = R"({"w":{"shape":[0],"data_offsets":[0,0],"dtype":")" +
                             std::string(tensor::safetensors_name(*dtype)) + R"("}})";
    const auto header = read_safetensors_header(text);
    ASSERT_TRUE(header) << header.error().message();
    EXPECT_EQ(header->tensors.at("w").dtype, *dtype);
  }
}

TEST(SafetensorsHeader, may_be_padded_with_white_space_at_its_end_only) {
  EXPECT_TRUE(read_safetensors_header("{}\r \t\n   "));
  EXPECT_EQ(refusal(" {}"), "corrupt: The header does not begin with '{'.");
}

TEST(SafetensorsHeader, refuses_every_truncation) {
  const std::string_view good = kGood;
  ASSERT_TRUE(read_safetensors_header(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_safetensors_header(good.substr(0, size))) << size;
  }
}

TEST(SafetensorsHeader, refuses_what_is_not_one_object) {
  EXPECT_EQ(refusal("[]"), "corrupt: The header does not begin with '{'.");
  EXPECT_EQ(refusal("{}{}"),
            "corrupt: The header is not JSON in UTF-8: it breaks off at its byte 3.");
  EXPECT_EQ(refusal("{} x"),
            "corrupt: The header is not JSON in UTF-8: it breaks off at its byte 4.");
  EXPECT_EQ(refusal("{,}"),
            "corrupt: The header is not JSON in UTF-8: it breaks off at its byte 2.");
}

TEST(SafetensorsHeader, refuses_bytes_behind_a_zero_byte) {
  const std::string_view hidden("{}\0 anything", 12);
  EXPECT_EQ(refusal(hidden), "corrupt: The header has a zero byte at its byte 2.");
}

TEST(SafetensorsHeader, refuses_what_is_not_utf8) {
  EXPECT_EQ(refusal("\xff"), "corrupt: The header does not begin with '{'.");
  EXPECT_NE(refusal("{\"\xff\":1}").find("not JSON in UTF-8: it breaks off at its byte 3."),
            std::string::npos);
  EXPECT_NE(refusal("{\"\xed\xa0\x80\":1}").find("not JSON in UTF-8"), std::string::npos);
}

TEST(SafetensorsHeader, refuses_duplicate_keys_on_each_level) {
  EXPECT_EQ(refusal(R"({"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{}})"),
            "corrupt: Tensor \"w\" is there twice.");
  EXPECT_EQ(refusal(R"({"__metadata__":{},"__metadata__":{}})"),
            "corrupt: The metadata is there twice.");
  EXPECT_EQ(refusal(R"({"__metadata__":{"a":"","a":""}})"),
            "corrupt: Metadata key \"a\" is there twice.");
  EXPECT_EQ(refusal_of_tensor(R"("dtype":"U8","dtype":"U8")"),
            "corrupt: Key \"dtype\" of tensor \"w\" is there twice.");
  EXPECT_EQ(refusal_of_tensor(R"("shape":[],"shape":[])"),
            "corrupt: Key \"shape\" of tensor \"w\" is there twice.");
  EXPECT_EQ(refusal_of_tensor(R"("data_offsets":[0,0],"data_offsets":[0,0])"),
            "corrupt: Key \"data_offsets\" of tensor \"w\" is there twice.");
  // Written differently, but the same key.
  EXPECT_EQ(refusal_of_tensor(R"("dtype":"U8","d\u0074ype":"U8")"),
            "corrupt: Key \"dtype\" of tensor \"w\" is there twice.");
}

TEST(SafetensorsHeader, refuses_missing_and_unknown_keys) {
  EXPECT_EQ(refusal_of_tensor(R"("shape":[0],"data_offsets":[0,0])"),
            "corrupt: Tensor \"w\" has no key \"dtype\".");
  EXPECT_EQ(refusal_of_tensor(R"("dtype":"U8","data_offsets":[0,0])"),
            "corrupt: Tensor \"w\" has no key \"shape\".");
  EXPECT_EQ(refusal_of_tensor(R"("dtype":"U8","shape":[0])"),
            "corrupt: Tensor \"w\" has no key \"data_offsets\".");
  EXPECT_EQ(refusal_of_tensor(R"("stride":[1])"),
            "corrupt: Tensor \"w\" has an unknown key \"stride\".");
}

TEST(SafetensorsHeader, refuses_values_of_another_type) {
  EXPECT_EQ(refusal(R"({"w":3})"), "corrupt: Tensor \"w\" needs an object, not 3.");
  EXPECT_EQ(refusal(R"({"w":[]})"), "corrupt: Tensor \"w\" needs an object, not an array.");
  EXPECT_EQ(refusal(R"({"__metadata__":null})"),
            "corrupt: The metadata needs an object, not null.");
  EXPECT_EQ(refusal(R"({"__metadata__":{"a":1}})"),
            "corrupt: Metadata key \"a\" needs a string, not 1.");
  EXPECT_EQ(refusal(R"({"__metadata__":{"a":{}}})"),
            "corrupt: Metadata key \"a\" needs a string, not an object.");
  EXPECT_EQ(refusal_of_tensor(R"("dtype":true)"),
            "corrupt: Key \"dtype\" of tensor \"w\" needs a string, not true.");
  EXPECT_EQ(refusal_of_tensor(R"("shape":2)"),
            "corrupt: Key \"shape\" of tensor \"w\" needs an array, not 2.");
  EXPECT_EQ(refusal_of_tensor(R"("data_offsets":{})"),
            "corrupt: Key \"data_offsets\" of tensor \"w\" needs an array, not an object.");
}

TEST(SafetensorsHeader, refuses_numbers_that_are_no_sizes) {
  const std::string needs =
      "corrupt: Key \"shape\" of tensor \"w\" needs integers from 0 to 2^64 - 1, not ";
  EXPECT_EQ(refusal_of_tensor(R"("shape":[-1])"), needs + "-1.");
  EXPECT_EQ(refusal_of_tensor(R"("shape":[1.0])"), needs + "1.0.");
  EXPECT_EQ(refusal_of_tensor(R"("shape":[1e2])"), needs + "1e2.");
  EXPECT_EQ(refusal_of_tensor(R"("shape":[18446744073709551616])"),
            needs + "18446744073709551616.");
  EXPECT_EQ(refusal_of_tensor(R"("shape":["1"])"), needs + "a string.");
  EXPECT_EQ(refusal_of_tensor(R"("shape":[[1]])"), needs + "an array.");
  EXPECT_EQ(
      refusal_of_tensor(R"("data_offsets":[0,-3])"),
      "corrupt: Key \"data_offsets\" of tensor \"w\" needs integers from 0 to 2^64 - 1, not -3.");
}

TEST(SafetensorsHeader, refuses_another_count_of_offsets_than_two) {
  EXPECT_EQ(refusal_of_tensor(R"("data_offsets":[])"),
            "corrupt: Key \"data_offsets\" of tensor \"w\" has fewer than 2 numbers.");
  EXPECT_EQ(refusal_of_tensor(R"("data_offsets":[1])"),
            "corrupt: Key \"data_offsets\" of tensor \"w\" has fewer than 2 numbers.");
  EXPECT_EQ(refusal_of_tensor(R"("data_offsets":[0,1,2])"),
            "corrupt: Key \"data_offsets\" of tensor \"w\" has more than 2 numbers.");
}

TEST(SafetensorsHeader, tells_an_unsupported_dtype_from_an_invalid_one) {
  EXPECT_EQ(refusal_of_tensor(R"("dtype":"F4")"),
            "unsupported: Tensor \"w\" has the dtype F4, which is not supported.");
  EXPECT_EQ(refusal_of_tensor(R"("dtype":"f32")"),
            "corrupt: Tensor \"w\" has the dtype \"f32\", which the format does not have.");
}

TEST(SafetensorsHeader, refuses_hostile_depth_at_its_first_step) {
  const std::string deep(1 << 20, '[');
  EXPECT_EQ(refusal(R"({"w":)" + deep), "corrupt: Tensor \"w\" needs an object, not an array.");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  EXPECT_EQ(refusal(objects), "corrupt: Tensor \"a\" has an unknown key \"a\".");
}

TEST(SafetensorsHeader, limits_dimensions_and_tensors) {
  std::string shape = "1";
  for (std::size_t i = 1; i < SafetensorsHeader::kMostDims; ++i) shape += ",1";
  const std::string rest = R"(],"dtype":"U8","data_offsets":[0,1])";
  EXPECT_EQ(refusal_of_tensor(R"("shape":[)" + shape + rest), "accepted");
  EXPECT_EQ(refusal_of_tensor(R"("shape":[)" + shape + ",1" + rest),
            "limit: Tensor \"w\" has more dimensions than the limit (64).");

  std::string tensors;
  for (std::size_t i = 0; i <= SafetensorsHeader::kMostTensors; ++i) {
    tensors += (i == 0 ? "{\"" : ",\"") + std::to_string(i) +
               R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  }
  EXPECT_EQ(refusal(tensors + "}"), "limit: The file has more tensors than the limit (262144).");
}

TEST(SafetensorsHeader, limits_the_metadata) {
  std::string metadata = R"({"__metadata__":{"0":"")";
  for (std::size_t i = 1; i < SafetensorsHeader::kMostMetadata; ++i) {
    metadata += ",\"" + std::to_string(i) + R"(":"")";
  }
  EXPECT_EQ(refusal(metadata + "}}"), "accepted");
  EXPECT_EQ(refusal(metadata + R"(,"a":""}})"),
            "limit: The metadata has more entries than the limit (65536).");
}

TEST(SafetensorsHeader, shows_hostile_names_cut_and_without_control_characters) {
  EXPECT_EQ(in_quotes("a\nb\x7f"), "\"a?b?\"");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), '"' + std::string(100, 'x') + '"');
  EXPECT_EQ(in_quotes(std::string(101, 'x')), '"' + std::string(100, 'x') + "...\"");
  EXPECT_EQ(in_quotes(std::string(99, 'x') + "é"), '"' + std::string(99, 'x') + "...\"");
}

}  // namespace
}  // namespace driftwood::format
