#include <gtest/gtest.h>

#include <cmath>

#include "ops/definitions.h"
#include "ops/test_support.h"

namespace driftwood::ops::testing {
namespace {

using Floats = std::vector<float>;

Use valid() {
  return {{temporary({kRows, c(2), c(3)}), temporary({kRows, c(5)}), temporary({kRows, c(5), c(1)}),
           weight({c(20), c(6)}), weight({c(20), c(5)}), weight({c(20)}), weight({c(20)})},
          {temporary({kRows, c(5)}), temporary({kRows, c(5)})}};
}

TEST(LstmCell, accepts_what_it_is_for) {
  EXPECT_EQ(verdict(kLstmCell, valid()), "");
}

TEST(LstmCell, refuses_a_missing_output) {
  Use use = valid();
  use.outputs.pop_back();
  EXPECT_EQ(verdict(kLstmCell, use), "There are 7 inputs and 1 outputs; 7 and 2 are expected.");
}

TEST(LstmCell, refuses_attributes) {
  Use use = valid();
  use.attributes = {{AttributeId::scale, 1.0}};
  EXPECT_EQ(verdict(kLstmCell, use), "Attribute scale is not one that this op takes.");
}

TEST(LstmCell, refuses_hidden_weights_that_are_not_four_squares) {
  Use use = valid();
  use.inputs[4] = weight({c(21), c(5)});
  EXPECT_EQ(verdict(kLstmCell, use), "input 4 has 21 rows; 20 are expected.");
  use.inputs[4] = weight({c(0), c(1u << 30)});
  EXPECT_EQ(verdict(kLstmCell, use), "input 4 has 0 rows; 4294967296 are expected.");
}

TEST(LstmCell, refuses_input_weights_of_another_shape) {
  Use use = valid();
  use.inputs[3] = weight({c(20), c(5)});
  EXPECT_EQ(verdict(kLstmCell, use), "input 3 has shape [20, 5]; 6 columns are expected.");
  use.inputs[3] = weight({c(16), c(6)});
  EXPECT_EQ(verdict(kLstmCell, use), "input 3 has shape [16, 6]; [20, 6] is expected.");
}

TEST(LstmCell, refuses_other_biases) {
  for (const std::size_t i : {5, 6}) {
    Use use = valid();
    use.inputs[i] = weight({c(5)});
    EXPECT_EQ(verdict(kLstmCell, use),
              "input " + std::to_string(i) + " has shape [5]; [20] is expected.");
  }
}

TEST(LstmCell, refuses_states_of_another_width) {
  Use use = valid();
  use.inputs[1] = temporary({kRows, c(4)});
  EXPECT_EQ(verdict(kLstmCell, use), "input 1 has shape [T0, 4]; 5 columns are expected.");
  use = valid();
  use.outputs[1] = temporary({kRows, c(6)});
  EXPECT_EQ(verdict(kLstmCell, use), "output 1 has shape [T0, 6]; 5 columns are expected.");
}

TEST(LstmCell, refuses_states_of_other_rows) {
  Use use = valid();
  use.inputs[2] = temporary({c(1), c(5)});
  EXPECT_EQ(verdict(kLstmCell, use), "input 2 has shape [1, 5]; T0 rows are expected.");
}

TEST(LstmCell, opens_each_gate_by_its_own_rows) {
  // One unit. The biases open (20) or close (-20) the gates i, f and o; g is tanh(x + 2 h).
  const auto step = [](float i, float f, float o) {
    Call call;
    call.input({1, 1}, {0.25}).input({1, 1}, {0.125}).input({1, 1}, {-3});
    call.input({4, 1}, {0, 0, 1, 0}).input({4, 1}, {0, 0, 2, 0});
    call.input({4}, {i, f, 0, o}).input({4}, {0, 0, 0, 0}).output({1, 1}).output({1, 1});
    EXPECT_TRUE(call.run(kLstmCell));
    return Floats{call.floats(0)[0], call.floats(1)[0]};
  };
  const float g = std::tanh(0.5f);
  EXPECT_NEAR(step(20, -20, 20)[1], g, 1e-6);
  EXPECT_NEAR(step(20, -20, 20)[0], std::tanh(g), 1e-6);
  EXPECT_NEAR(step(-20, 20, 20)[1], -3, 1e-6);
  EXPECT_NEAR(step(20, 20, -20)[0], 0, 1e-6);
  EXPECT_NEAR(step(20, 20, -20)[1], g - 3, 1e-6);
}

}  // namespace
}  // namespace driftwood::ops::testing
