#include <gtest/gtest.h>

#include <cmath>

#include "ops/definitions.h"
#include "ops/functions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(2), c(4)})},
          {temporary({kRows, c(2), c(4)})},
          {{AttributeId::function, std::int64_t{0}}}};
}

TEST(Unary, accepts_what_it_is_for) {
  for (std::int64_t function = 0; function < kFunctionCount; ++function) {
    Use use = valid();
    use.attributes[0].value = function;
    EXPECT_EQ(verdict(kUnary, use), "");
  }
  EXPECT_EQ(verdict(kUnary, {{temporary({})}, {temporary({})}, valid().attributes}), "");
}

TEST(Unary, refuses_unknown_functions) {
  for (const std::int64_t function : {std::int64_t{-1}, kFunctionCount}) {
    Use use = valid();
    use.attributes[0].value = function;
    EXPECT_EQ(verdict(kUnary, use), "Attribute function (" + std::to_string(function) +
                                        ") is not within 0 and " +
                                        std::to_string(kFunctionCount - 1) + ".");
  }
}

TEST(Unary, refuses_no_function) {
  Use use = valid();
  use.attributes.clear();
  EXPECT_EQ(verdict(kUnary, use), "Attribute function is missing.");
}

TEST(Unary, refuses_a_weight) {
  Use use = valid();
  use.inputs[0].place = Place::weight;
  EXPECT_TRUE(verdict(kUnary, use).starts_with("input 0 is a weight;"));
}

TEST(Unary, refuses_another_shape) {
  Use use = valid();
  use.outputs[0] = temporary({kRows, c(8)});
  EXPECT_EQ(verdict(kUnary, use), "output 0 has shape [T0, 8]; [T0, 2, 4] is expected.");
}

TEST(Unary, refuses_integers) {
  Use use = valid();
  use.inputs[0].dtype = DType::i32;
  EXPECT_EQ(verdict(kUnary, use), "input 0 is i32; f32 is expected.");
}

Floats results(Function function, const Floats& x) {
  Call call;
  call.input({x.size()}, x).output({x.size()});
  call.attribute(AttributeId::function, static_cast<std::int64_t>(function));
  EXPECT_TRUE(call.run(kUnary));
  return call.floats();
}

TEST(Unary, computes_each_function) {
  EXPECT_EQ(results(Function::relu, {-2, 0, 3}), (Floats{0, 0, 3}));
  EXPECT_EQ(results(Function::sqrt, {0, 4, 2.25}), (Floats{0, 2, 1.5}));
  EXPECT_EQ(results(Function::sigmoid, {0, -1000, 1000}), (Floats{0.5, 0, 1}));
  EXPECT_EQ(results(Function::tanh, {0, -1000, 1000}), (Floats{0, -1, 1}));
  EXPECT_FLOAT_EQ(results(Function::tanh, {0.5})[0], 0.46211717f);
  // Known values of the normal distribution: x Phi(x).
  EXPECT_FLOAT_EQ(results(Function::gelu, {1})[0], 0.84134475f);
  EXPECT_FLOAT_EQ(results(Function::gelu, {-2})[0], -0.045500264f);
  EXPECT_FLOAT_EQ(results(Function::gelu_tanh, {1})[0], 0.84119199f);
  EXPECT_TRUE(std::isnan(results(Function::sqrt, {-1})[0]));
  EXPECT_TRUE(std::isnan(results(Function::relu, {std::nanf("")})[0]));
}

}  // namespace
}  // namespace driftwood::ops::testing
