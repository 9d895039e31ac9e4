#include "guest/compile_program.h"

#include <gtest/gtest.h>

#include "device/registry.h"
#include "driftwood_program.hpp"
#include "model/model.h"

namespace driftwood::guest {
namespace {

using sdk::DType;

std::vector<std::byte> encoded(sdk::Program& program) {
  const auto bytes = program.encode();
  const auto all = std::as_bytes(std::span(bytes));
  return {all.begin(), all.end()};
}

std::vector<std::byte> with_weight() {
  sdk::Program program;
  const auto x = program.window(DType::f32, {1, 256});
  program.rms_norm(x, program.weight("model.norm.weight", DType::f32, {256}), 1e-5,
                   program.window(DType::f32, {1, 256}));
  return encoded(program);
}

std::vector<std::byte> without_weight() {
  sdk::Program program;
  const auto x = program.window(DType::f32, {16});
  program.add(x, x, program.window(DType::f32, {16}));
  return encoded(program);
}

class CompileProgram : public testing::Test {
 protected:
  std::unique_ptr<device::Device> device = device::open_device("null", {}).value();
  std::shared_ptr<const model::Model> model = model::make_seeded_llama(1);
};

TEST_F(CompileProgram, finds_weights_in_the_model) {
  const auto compiled = compile_program(*device, model.get(), with_weight());
  ASSERT_TRUE(compiled) << compiled.error().message();
  EXPECT_TRUE(uses_model(**compiled, model.get()));
  EXPECT_FALSE(uses_model(**compiled, nullptr));
  EXPECT_FALSE(uses_model(**compiled, model::make_seeded_llama(1).get()));
}

TEST_F(CompileProgram, finds_none_without_a_model) {
  const auto refused = compile_program(*device, nullptr, with_weight());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::not_found);
  EXPECT_NE(refused.error().message().find("was given no model"), std::string::npos);
}

TEST_F(CompileProgram, equal_programs_without_a_model_are_one) {
  const auto first = compile_program(*device, nullptr, without_weight());
  const auto second = compile_program(*device, nullptr, without_weight());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  EXPECT_FALSE(uses_model(**first, model.get()));
}

TEST_F(CompileProgram, refuses_what_is_no_program) {
  EXPECT_FALSE(compile_program(*device, model.get(), {}));
  EXPECT_FALSE(compile_program(*device, model.get(), std::vector<std::byte>(100)));
}

}  // namespace
}  // namespace driftwood::guest
