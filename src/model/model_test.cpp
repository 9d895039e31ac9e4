#include "model/model.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "model/test_folder.h"

namespace driftwood::model {
namespace {

constexpr const char* kWeights = R"({"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
constexpr const char* kTokenizer =
    R"({"version":"1.0","model":{"type":"BPE","vocab":{"a":0,"b":4},"merges":[]}})";

// A folder that can be opened, for a test to spoil.
class ModelFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("config.json", R"({"vocab_size":5})");
    folder_.write("model.safetensors", safetensors_of(kWeights, "ab"));
    folder_.write("tokenizer.json", kTokenizer);
  }

  void remove(const std::string& name) { std::filesystem::remove(folder_.path() + "/" + name); }

  // The refusal's message without the folder's path, which is written as DIR.
  std::string refusal(ErrorCode code) {
    const auto model = open_folder(folder_.path());
    if (model) return "accepted";
    EXPECT_EQ(model.error().code(), code) << model.error().message();
    std::string message = model.error().message();
    for (std::size_t at; (at = message.find(folder_.path())) != std::string::npos;) {
      message.replace(at, folder_.path().size(), "DIR");
    }
    return message;
  }

  TestFolder folder_;
};

TEST_F(ModelFolder, opens_with_what_is_there) {
  const auto model = open_folder(folder_.path());
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->name, folder_.path());
  EXPECT_EQ((*model)->config_json, R"({"vocab_size":5})");
  EXPECT_EQ((*model)->generation_config_json, "{}");
  EXPECT_EQ((*model)->weight_bytes, 2u);
  EXPECT_TRUE((*model)->weights->find("w"));
  ASSERT_TRUE((*model)->tokenizer);
  EXPECT_EQ((*model)->tokenizer->vocabulary_size(), 5u);
}

TEST_F(ModelFolder, needs_neither_a_tokenizer_nor_a_vocabulary_size) {
  remove("tokenizer.json");
  const auto model = open_folder(folder_.path());
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->tokenizer, nullptr);

  folder_.write("tokenizer.json", kTokenizer);
  folder_.write("config.json", "{}");
  EXPECT_EQ(refusal(ErrorCode::corrupt), "accepted");
}

TEST_F(ModelFolder, reads_the_generation_config) {
  folder_.write("generation_config.json", R"({"temperature":0.5})");
  const auto model = *open_folder(folder_.path());
  EXPECT_EQ(model->generation_config_json, R"({"temperature":0.5})");
  EXPECT_EQ(model->fingerprint().config,
            digest_of_settings(model->config_json, model->generation_config_json));
  folder_.write("generation_config.json", "null");
  EXPECT_EQ(
      refusal(ErrorCode::corrupt),
      "While opening \"DIR/generation_config.json\": The JSON is of type null, not an object.");
}

TEST(OpenFolder, says_what_to_give_instead_of_a_file_or_nothing) {
  const TestFolder folder;
  const std::string file = folder.write("config.json", "{}");
  const auto not_a_folder = open_model(file);
  ASSERT_FALSE(not_a_folder);
  EXPECT_EQ(not_a_folder.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(not_a_folder.error().message(),
            "\"" + file +
                "\" is a file: give the folder that holds config.json and model.safetensors, or a "
                "bare .safetensors file.");
  const auto nothing = open_model(folder.path() + "/none.safetensors");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code(), ErrorCode::not_found);
}

TEST(OpenModel, opens_a_bare_file) {
  const TestFolder folder;
  const std::string file = folder.write("net.safetensors", safetensors_of(kWeights, "ab"));
  const auto model = open_model(file);
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->name, file);
  EXPECT_EQ((*model)->config_json, "{}");
  EXPECT_EQ((*model)->generation_config_json, "{}");
  EXPECT_EQ((*model)->tokenizer, nullptr);
  EXPECT_EQ((*model)->weight_bytes, 2u);
  EXPECT_TRUE((*model)->weights->find("w"));
}

TEST(OpenModel, names_the_bare_file_that_is_corrupt) {
  const TestFolder folder;
  const std::string file = folder.write("net.safetensors", safetensors_of(kWeights, "a"));
  const auto model = open_model(file);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(model.error().message().starts_with("While opening \"" + file + "\": "));
}

TEST_F(ModelFolder, may_be_called_like_a_file) {
  const std::string path = folder_.path() + "/net.safetensors";
  std::filesystem::create_directory(path);
  const auto model = open_model(path);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message().find("There is no config.json"), 0u);
  EXPECT_TRUE(open_model(folder_.path()));
}

TEST_F(ModelFolder, names_the_file_that_is_missing) {
  remove("model.safetensors");
  EXPECT_EQ(
      refusal(ErrorCode::not_found),
      "There is neither model.safetensors nor model.safetensors.index.json in \"DIR\": weights "
      "are read in this format only.");
  remove("config.json");
  EXPECT_EQ(
      refusal(ErrorCode::not_found),
      "There is no config.json in \"DIR\": give a model's folder as downloaded from Hugging Face.");
}

TEST_F(ModelFolder, opens_weights_in_several_files) {
  std::filesystem::rename(folder_.path() + "/model.safetensors", folder_.path() + "/part");
  folder_.write("model.safetensors.index.json", R"({"weight_map":{"w":"part"}})");
  const auto model = open_folder(folder_.path());
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_TRUE((*model)->weights->find("w"));
  EXPECT_EQ((*model)->weight_bytes, 2u);
}

TEST_F(ModelFolder, refuses_a_config_that_is_no_object_or_too_long) {
  folder_.write("config.json", "[]");
  EXPECT_EQ(refusal(ErrorCode::corrupt),
            "While opening \"DIR/config.json\": The JSON is of type array, not an object.");
  folder_.write("config.json", std::string((4 << 20) + 1, ' '));
  EXPECT_NE(refusal(ErrorCode::limit).find("4194304"), std::string::npos);
}

TEST_F(ModelFolder, refuses_a_tokenizer_that_does_not_fit) {
  folder_.write("config.json", R"({"vocab_size":4})");
  EXPECT_EQ(
      refusal(ErrorCode::corrupt),
      "The tokenizer \"DIR/tokenizer.json\" does not fit the model: it has 5 ids, more than the "
      "vocab_size (4) in config.json.");
  folder_.write("config.json", R"({"vocab_size":6})");
  EXPECT_EQ(refusal(ErrorCode::corrupt), "accepted");
}

TEST_F(ModelFolder, names_the_file_that_is_corrupt) {
  folder_.write("tokenizer.json", "{");
  EXPECT_TRUE(
      refusal(ErrorCode::corrupt)
          .starts_with("While opening \"DIR/tokenizer.json\": The tokenizer cannot be read: "));
  folder_.write("tokenizer.json", kTokenizer);
  folder_.write("model.safetensors", safetensors_of(kWeights, "a"));
  EXPECT_EQ(refusal(ErrorCode::corrupt),
            "While opening \"DIR/model.safetensors\": Tensor \"w\" ends at byte 2 of the data, "
            "which has 1 "
            "bytes.");
}

TEST(OpenFolder, opens_a_trained_checkpoint) {
  const std::string path = std::string(DRIFTWOOD_TEST_DATA) + "/tinystories-656K";
  if (!std::filesystem::exists(path)) {
    ASSERT_STRNE(std::getenv("CI") ? std::getenv("CI") : "", "true") << path << " is missing";
    GTEST_SKIP() << path << " is missing";
  }
  const auto model = open_folder(path);
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->tokenizer->vocabulary_size(), 2048u);
  const auto view = (*model)->weights->find("lm_head.weight");
  ASSERT_TRUE(view);
  EXPECT_EQ(view->shape, (tensor::Shape{2048, 128}));
}

TEST(OpenFolder, opens_the_golden_checkpoints) {
  for (const char* name : {"llama2-f32", "llama2-bf16", "llama32-f32", "llama32-bf16"}) {
    const auto model = open_folder(std::string(DRIFTWOOD_SOURCE_DIR) + "/tests/goldens/" + name);
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_TRUE((*model)->weights->find("model.layers.1.mlp.up_proj.weight")) << name;
  }
}

}  // namespace
}  // namespace driftwood::model
