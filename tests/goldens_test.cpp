// Tiny random checkpoints on each device against the logits that transformers computes from them in
// f32 (tests/goldens).
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "format/safetensors.h"
#include "os/mapping.h"
#include "support/llama_bench.h"

namespace driftwood::test {
namespace {

using nlohmann::json;

constexpr float kTolerance = 1e-3f;

// Our rows against golden rows [position, vocabulary]: each logit among our best, and the
// log-sum-exp of all.
void expect_same_logits(const std::vector<TopRow>& rows, const tensor::View& golden,
                        const std::string& where) {
  ASSERT_EQ(golden.dtype, tensor::DType::f32);
  const std::size_t vocabulary = golden.shape[1];
  std::vector<float> expected(golden.bytes.size() / sizeof(float));
  std::memcpy(expected.data(), golden.bytes.data(), golden.bytes.size());
  ASSERT_GE(rows.size(), golden.shape[0]) << where;
  for (std::size_t position = 0; position < golden.shape[0]; ++position) {
    const float* row = expected.data() + position * vocabulary;
    ASSERT_EQ(rows[position].ids.size(), std::min<std::size_t>(vocabulary, 256));
    double sum = 0;
    for (std::size_t id = 0; id < vocabulary; ++id) sum += std::exp(static_cast<double>(row[id]));
    EXPECT_NEAR(rows[position].log_sum_exp, std::log(sum), kTolerance)
        << where << ", position " << position;
    for (const auto& [id, logit] : rows[position].by_id()) {
      ASSERT_NEAR(logit, row[id], kTolerance)
          << where << ", position " << position << ", id " << id;
    }
  }
}

class Goldens : public testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  void SetUp() override { DW_NEED_DEVICE(kind_); }

  const char* const kind_ = std::get<0>(GetParam());
  const std::string checkpoint_ = std::get<1>(GetParam());
};

TEST_P(Goldens, every_logit_and_the_greedy_ids_equal_those_of_transformers) {
  const std::string folder = std::string(DRIFTWOOD_SOURCE_DIR "/tests/goldens/") + checkpoint_;
  auto model = model::open_folder(folder);
  ASSERT_TRUE(model) << model.error().message();
  auto bench =
      LlamaBench::open(open_device_of_kind(kind_), *model, {.context_rows = {}, .kv_dtype = "f32"});
  ASSERT_TRUE(bench) << bench.error().message();
  auto file = os::MappedFile::open(folder + "/golden.safetensors");
  ASSERT_TRUE(file) << file.error().message();
  auto tensors = format::Safetensors::parse(file->bytes());
  ASSERT_TRUE(tensors) << tensors.error().message();

  const json cases = json::parse(std::ifstream(folder + "/golden.json"))["cases"];
  ASSERT_EQ(cases.size(), 4u);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string where = checkpoint_ + ", case " + std::to_string(i);
    auto answer = (*bench)->ask({{"prompt_ids", cases[i]["ids"]},
                                 {"max_tokens", cases[i]["greedy"].size()},
                                 {"temperature", 0},
                                 {"ignore_eos", true},
                                 {"output", "tokens"},
                                 {"prompt_logprobs", true}});
    ASSERT_TRUE(answer) << answer.error().message();
    ASSERT_TRUE(answer->find("error").is_null()) << answer->find("error");
    const tensor::View* golden = tensors->find("logits." + std::to_string(i));
    ASSERT_NE(golden, nullptr);
    ASSERT_EQ(golden->shape[0], cases[i]["ids"].size());
    expect_same_logits(answer->rows, *golden, where);
    json greedy = json::array();
    for (const auto& token : answer->tokens(false)) greedy.push_back(token["id"]);
    EXPECT_EQ(greedy, cases[i]["greedy"]) << where;
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, Goldens,
                         testing::Combine(kEveryDevice,
                                          testing::Values("llama2-f32", "llama2-bf16",
                                                          "llama32-f32", "llama32-bf16")),
                         [](const auto& info) {
                           std::string name = std::get<1>(info.param);
                           std::ranges::replace(name, '-', '_');
                           return std::string(std::get<0>(info.param)) + "_" + name;
                         });

class CacheDtype : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(On, CacheDtype, kEveryDevice, device_kind);

TEST_P(CacheDtype, bf16_changes_the_logits_and_is_the_default_with_bf16_weights) {
  DW_NEED_DEVICE(GetParam());
  const std::string folder = DRIFTWOOD_SOURCE_DIR "/tests/goldens/llama32-bf16";
  auto model = model::open_folder(folder);
  ASSERT_TRUE(model) << model.error().message();
  const std::shared_ptr<device::Device> device = open_device_of_kind(GetParam());
  std::vector<std::vector<TopRow>> rows;
  for (const char* kv_dtype : {"f32", "bf16", ""}) {
    auto bench = LlamaBench::open(device, *model, {.context_rows = {}, .kv_dtype = kv_dtype});
    ASSERT_TRUE(bench) << bench.error().message();
    auto answer = (*bench)->ask({{"prompt_ids", {3, 4, 5, 6, 7, 8}},
                                 {"max_tokens", 4},
                                 {"temperature", 0},
                                 {"output", "tokens"}});
    ASSERT_TRUE(answer) << answer.error().message();
    rows.push_back(std::move(answer->rows));
  }
  EXPECT_FALSE(rows[0] == rows[1]) << "the cache's dtype is not looked at";
  EXPECT_TRUE(rows[1] == rows[2]) << "with bf16 weights the cache is bf16 unless told otherwise";
}

}  // namespace
}  // namespace driftwood::test
