#include "model/shards.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "model/test_folder.h"

namespace driftwood::model {
namespace {

using nlohmann::json;

// A file of one-byte tensors, each holding the first letter of its name.
std::string file_of(const std::vector<std::string>& names) {
  json header;
  std::string data;
  for (const std::string& name : names) {
    header[name] = {
        {"dtype", "U8"}, {"shape", {1}}, {"data_offsets", {data.size(), data.size() + 1}}};
    data += name.front();
  }
  return safetensors_of(header.dump(), data);
}

class ShardsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("one.safetensors", file_of({"a", "b"}));
    folder_.write("two.safetensors", file_of({"c"}));
  }

  Result<std::shared_ptr<const Shards>> open(const json& weight_map) {
    const json index = {{"metadata", {{"total_size", 3}}}, {"weight_map", weight_map}};
    return Shards::open(folder_.write("model.safetensors.index.json", index.dump()));
  }

  // The refusal's message behind that of the index's path.
  std::string refusal(const json& weight_map, ErrorCode code = ErrorCode::corrupt) {
    const auto shards = open(weight_map);
    if (shards) return "accepted";
    EXPECT_EQ(shards.error().code(), code) << shards.error().message();
    const std::string context = "While opening \"" + folder_.path() + "/";
    EXPECT_TRUE(shards.error().message().starts_with(context)) << shards.error().message();
    return shards.error().message().substr(shards.error().message().find("\": ") + 3);
  }

  TestFolder folder_;
};

TEST_F(ShardsTest, finds_each_weight_in_its_file) {
  const auto shards =
      open({{"a", "one.safetensors"}, {"b", "one.safetensors"}, {"c", "two.safetensors"}});
  ASSERT_TRUE(shards) << shards.error().message();
  for (const char* name : {"a", "b", "c"}) {
    const auto view = (*shards)->find(name);
    ASSERT_TRUE(view) << name;
    EXPECT_EQ(static_cast<char>(view->bytes[0]), name[0]);
  }
  EXPECT_EQ((*shards)->weight_bytes(), 3u);
  EXPECT_EQ((*shards)->find("d").error().message(), "The checkpoint has no tensor \"d\".");
}

TEST_F(ShardsTest, follows_links_as_the_hugging_face_cache_makes_them) {
  std::filesystem::create_directory(folder_.path() + "/blobs");
  std::filesystem::rename(folder_.path() + "/two.safetensors", folder_.path() + "/blobs/0123");
  std::filesystem::create_symlink("blobs/0123", folder_.path() + "/two.safetensors");
  EXPECT_TRUE(open({{"c", "two.safetensors"}}));
}

TEST_F(ShardsTest, names_the_file_that_is_missing_or_broken) {
  EXPECT_EQ(
      refusal({{"a", "one.safetensors"}, {"d", "three.safetensors"}}, ErrorCode::not_found),
      "The file \"three.safetensors\", which has the weight \"d\", is not in the same folder.");
  folder_.write("two.safetensors", file_of({"c"}).substr(0, 20));
  EXPECT_NE(refusal({{"c", "two.safetensors"}}).find("longer than the rest"), std::string::npos);
  EXPECT_EQ(Shards::open(folder_.path() + "/none").error().code(), ErrorCode::not_found);
}

TEST_F(ShardsTest, a_weight_is_in_its_file_and_in_no_other) {
  EXPECT_EQ(refusal({{"a", "one.safetensors"}, {"b", "two.safetensors"}}),
            "The weight \"b\" is listed for the file \"two.safetensors\", but is in "
            "\"one.safetensors\", too.");
  EXPECT_EQ(refusal({{"a", "one.safetensors"}, {"d", "two.safetensors"}}),
            "The weight \"d\" is listed for the file \"two.safetensors\", but is not in it.");
  folder_.write("two.safetensors", file_of({"c", "a"}));
  EXPECT_EQ(refusal({{"a", "one.safetensors"}, {"c", "two.safetensors"}}),
            "The weight \"a\" is listed for the file \"one.safetensors\", but is in "
            "\"two.safetensors\", too.");
}

TEST_F(ShardsTest, only_plain_names_beside_the_index_are_opened) {
  for (const char* name : {"", ".", "..", "../one.safetensors", "/etc/passwd", "x/one.safetensors",
                           "x\\one.safetensors"}) {
    EXPECT_EQ(refusal({{"a", name}}),
              "The file of weight \"a\" is not a name of a file in the same folder.")
        << name;
  }
  EXPECT_NE(refusal({{"a", std::string("one.safetensors\0x", 17)}}), "accepted");
  EXPECT_NE(refusal({{"a", 5}}), "accepted");
  EXPECT_NE(refusal({{"a", {"one.safetensors"}}}), "accepted");
}

TEST(WeightMap, a_text_that_is_no_index_is_corrupt) {
  for (const char* text : {"", "[]", "{}", "{", "3", R"({"weight_map":[]})", R"({"weight_map":3})",
                           R"({"metadata":{"weight_map":{}}})"}) {
    const auto map = read_weight_map(text);
    ASSERT_FALSE(map) << text;
    EXPECT_EQ(map.error().message(),
              "The text is not a JSON object with an object \"weight_map\".");
  }
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_TRUE(read_weight_map(R"({"a":)" + deep + R"(,"weight_map":{"w":"x"}})"));
  EXPECT_FALSE(read_weight_map(R"({"weight_map":{"w":)" + deep + "}}"));
}

TEST(WeightMap, has_a_limit_of_files) {
  json map;
  for (std::size_t i = 0; i <= Shards::kMostShards; ++i) {
    map["w" + std::to_string(i)] = "file" + std::to_string(i);
  }
  const auto refused = read_weight_map(json{{"weight_map", map}}.dump());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "The weights are in 1025 files; the limit is 1024.");
  map.erase("w0");
  EXPECT_TRUE(read_weight_map(json{{"weight_map", map}}.dump()));
}

}  // namespace
}  // namespace driftwood::model
