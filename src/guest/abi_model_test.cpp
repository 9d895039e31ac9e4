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

constexpr std::uint32_t kOut = Script::kFree + 256;

class AbiModel : public test::HostedGuest {
 protected:
  AbiModel() { services.model = model::make_seeded_llama(1); }
  Script script;
};

TEST_F(AbiModel, there_is_one_model_with_number_0) {
  const Value first = script.call("model_open", {0});
  const Value again = script.call("model_open", {0});
  const Value other = script.call("model_open", {1});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, first), 1);
  EXPECT_EQ(result_of(*guest, again), 2);
  EXPECT_EQ(result_of(*guest, other), DW_E_NOT_FOUND);
}

TEST_F(AbiModel, texts_are_those_of_the_model_and_the_owner) {
  services.options_json = "{\"context\":9}";
  const Value model = script.call("model_open", {0});
  const Value config = script.call("model_config", {model, DW_CONFIG_MODEL, 0, 0});
  const Value options = script.call("model_config", {model, DW_CONFIG_OPTIONS, kOut, 64});
  const Value unknown = script.call("model_config", {model, 3, kOut, 64});
  const Value outside = script.call("model_config", {model, DW_CONFIG_MODEL, -1, 64});
  const Value closed = script.call("model_config", {9, DW_CONFIG_MODEL, kOut, 64});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, config), static_cast<int>(services.model->config_json.size()));
  EXPECT_EQ(read_text(*guest, kOut, static_cast<std::size_t>(result_of(*guest, options))),
            services.options_json);
  for (const Value step : {unknown, outside, closed})
    EXPECT_EQ(result_of(*guest, step), DW_E_INVALID);
}

TEST_F(AbiModel, weights_are_told_by_name) {
  const std::string name = "model.embed_tokens.weight";
  const tensor::View view = services.model->weights->find(name).value();
  script.data(Script::kFree, name);
  const auto size = static_cast<std::int64_t>(name.size());
  const Value model = script.call("model_open", {0});
  const Value found = script.call("model_weight", {model, Script::kFree, size, kOut});
  const Value unknown = script.call("model_weight", {model, Script::kFree, size - 1, kOut});
  const Value outside = script.call("model_weight", {model, Script::kFree, size, 8 * 65536 - 31});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, found), 0);
  EXPECT_EQ(read_word(*guest, kOut), DW_F32);
  EXPECT_EQ(read_word(*guest, kOut + 4), 2);
  EXPECT_EQ(static_cast<std::uint64_t>(read_word(*guest, kOut + 8)), view.shape[0]);
  EXPECT_EQ(static_cast<std::uint64_t>(read_word(*guest, kOut + 12)), view.shape[1]);
  EXPECT_EQ(read_word(*guest, kOut + 16), 0);
  EXPECT_EQ(result_of(*guest, unknown), DW_E_NOT_FOUND);
  EXPECT_EQ(result_of(*guest, outside), DW_E_INVALID);
}

TEST_F(AbiModel, a_model_without_a_tokenizer_says_so) {
  const Value model = script.call("model_open", {0});
  const Value encoded = script.call("tokens_encode", {model, 0, 0, 0, 0, 0});
  const Value decoded = script.call("tokens_decode", {model, 0, 0, 0, 0, 0, 0});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, encoded), DW_E_NOT_FOUND);
  EXPECT_EQ(result_of(*guest, decoded), DW_E_NOT_FOUND);
}

}  // namespace
}  // namespace driftwood::guest
