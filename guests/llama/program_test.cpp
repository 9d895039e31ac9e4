#include "llama/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "graph/program.h"
#include "llama/test_config.h"

namespace driftwood::guests::llama {
namespace {

Config small() {
  return small_config(3, 300);
}

Weights weights(const Config& config, sdk::DType key_dtype) {
  const auto f32 = sdk::DType::f32;
  Weights weights = {{"embed", f32}, {"norm", f32}, {"head", f32}, {}, true};
  for (std::uint32_t i = 0; i < config.layer_count; ++i) {
    const std::string l = std::to_string(i);
    weights.layers.push_back({{"in" + l, f32},
                              {"q" + l, f32},
                              {"k" + l, key_dtype},
                              {"v" + l, f32},
                              {"o" + l, f32},
                              {"post" + l, f32},
                              {"gate" + l, f32},
                              {"up" + l, f32},
                              {"down" + l, f32}});
  }
  return weights;
}

auto decode(const sdk::Program& program) {
  const auto bytes = program.encode();
  return graph::decode_program(std::as_bytes(std::span(bytes)));
}

TEST(DecoderProgram, passes_the_host_s_validation) {
  const Config config = small();
  const auto recorded = record_decoder(config, weights(config, sdk::DType::f32), sdk::DType::bf16);
  const auto program = decode(recorded.program);
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ((*program)->windows.size(), 10u);
  ASSERT_EQ((*program)->states.size(), 1u);
  EXPECT_EQ((*program)->states[0].plane_count, 6u);
  EXPECT_EQ((*program)->symbol_maxima, (std::vector<std::uint32_t>{512, 64}));
}

TEST(DecoderProgram, sequences_may_differ_in_both_symbols) {
  const Config config = small();
  const auto program =
      decode(record_decoder(config, weights(config, sdk::DType::f32), sdk::DType::f32).program);
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ((*program)->symbol_is_rows, (std::vector<bool>{true, true}));
}

TEST(DecoderProgram, weights_of_several_dtypes_are_projected_one_by_one) {
  const Config config = small();
  const auto one =
      decode(record_decoder(config, weights(config, sdk::DType::f32), sdk::DType::f32).program);
  const auto mixed =
      decode(record_decoder(config, weights(config, sdk::DType::bf16), sdk::DType::f32).program);
  ASSERT_TRUE(mixed) << mixed.error().message();
  EXPECT_EQ((*mixed)->ops.size(), (*one)->ops.size() + 2 * config.layer_count);
}

TEST(DecoderProgram, equal_models_record_equal_bytes) {
  const Config config = small();
  auto bytes = [&] {
    return record_decoder(config, weights(config, sdk::DType::f32), sdk::DType::f32)
        .program.encode();
  };
  EXPECT_EQ(bytes(), bytes());
}

TEST(HeadProgram, passes_the_host_s_validation) {
  const Config config = small();
  const auto program = decode(record_head(config, weights(config, sdk::DType::f32)).program);
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ((*program)->ops.size(), 1u);
}

TEST(BestCount, is_256_or_the_whole_vocabulary) {
  Config config = small();
  EXPECT_EQ(best_count(config), 256u);
  config.vocabulary_size = 100;
  EXPECT_EQ(best_count(config), 100u);
}

}  // namespace
}  // namespace driftwood::guests::llama
