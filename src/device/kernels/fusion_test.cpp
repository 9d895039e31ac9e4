#include "device/kernels/fusion.h"

#include <gtest/gtest.h>

#include "device/test_support.h"

namespace driftwood::device::kernels {
namespace {

using namespace testing;
using sdk::DType;

// x [rows, 8], and weights of 8 to 8.
struct Layer {
  Layer() {
    rows = program.symbol(16);
    x = program.window(DType::f32, {rows, 8});
    for (int i = 0; i < 2; ++i) {
      weights.push_back(program.weight("w" + std::to_string(i), DType::bf16, {8, 8}));
    }
    y = program.window(DType::f32, {rows, 8});
  }

  std::vector<std::uint32_t> done_with() const { return find_done_with(*decode(program)); }

  sdk::Program program;
  sdk::Symbol rows{};
  sdk::Tensor x{}, y{};
  std::vector<sdk::Tensor> weights;
};

TEST(Fusion, a_product_and_the_rows_added_to_it_are_one) {
  Layer layer;
  layer.program.add(layer.x, layer.program.linear(layer.x, layer.weights[0]), layer.y);
  EXPECT_EQ(layer.done_with(), (std::vector<std::uint32_t>{1, 1}));
  const Operands operands = fused_operands(*decode(layer.program), 0, 1);
  EXPECT_EQ(operands.inputs.size(), 3u);  // x, the weight, what is added
  EXPECT_EQ(operands.outputs.size(), 1u);
  EXPECT_EQ(fused_dtype(*decode(layer.program), 0), tensor::DType::bf16);
}

TEST(Fusion, a_bias_of_one_row_stays_apart) {
  Layer layer;
  const auto bias = layer.program.weight("bias", DType::bf16, {8});
  layer.program.add(layer.program.linear(layer.x, layer.weights[0]), bias, layer.y);
  EXPECT_EQ(layer.done_with(), (std::vector<std::uint32_t>{0, 1}));
}

TEST(Fusion, what_is_used_twice_stays_apart) {
  Layer layer;
  const auto product = layer.program.linear(layer.x, layer.weights[0]);
  layer.program.add(product, product, layer.y);
  EXPECT_EQ(layer.done_with(), (std::vector<std::uint32_t>{0, 1}));
}

TEST(Fusion, what_another_op_needs_too_stays_apart) {
  Layer layer;
  const auto product = layer.program.linear(layer.x, layer.weights[0]);
  const auto sum = layer.program.add(product, layer.x);
  layer.program.add(sum, product, layer.y);
  EXPECT_EQ(layer.done_with(), (std::vector<std::uint32_t>{0, 1, 2}));
}

TEST(Fusion, what_a_window_shows_stays_apart) {
  Layer layer;
  const auto product = layer.program.window(DType::f32, {layer.rows, 8});
  layer.program.linear(layer.x, layer.weights[0], product);
  layer.program.add(product, layer.x, layer.y);
  EXPECT_EQ(layer.done_with(), (std::vector<std::uint32_t>{0, 1}));
}

TEST(Fusion, gate_and_up_are_one_with_their_swiglu_in_this_order_alone) {
  for (const bool is_turned : {false, true}) {
    Layer layer;
    const auto gate = layer.program.temporary(DType::f32, {layer.rows, 8});
    const auto up = layer.program.temporary(DType::f32, {layer.rows, 8});
    layer.program.linear(layer.x, layer.weights, {gate, up});
    layer.program.swiglu(is_turned ? up : gate, is_turned ? gate : up, layer.y);
    EXPECT_EQ(layer.done_with(), (std::vector<std::uint32_t>{is_turned ? 0u : 1u, 1}));
  }
}

TEST(Fusion, a_norm_and_all_that_is_made_of_it_at_once_are_one) {
  Layer layer;
  const auto norm = layer.program.weight("norm", DType::bf16, {8});
  const auto gate = layer.program.temporary(DType::f32, {layer.rows, 8});
  const auto up = layer.program.temporary(DType::f32, {layer.rows, 8});
  layer.program.linear(layer.program.rms_norm(layer.x, norm, 1e-5), layer.weights, {gate, up});
  layer.program.swiglu(gate, up, layer.y);
  EXPECT_EQ(layer.done_with(), (std::vector<std::uint32_t>{2, 2, 2}));
  const auto decoded = decode(layer.program);
  const Operands operands = fused_operands(*decoded, 0, 2);
  EXPECT_EQ(operands.inputs,
            (std::vector<std::uint32_t>{decoded->ops[0].inputs[0], decoded->ops[0].inputs[1],
                                        decoded->ops[1].inputs[1], decoded->ops[1].inputs[2]}));
  EXPECT_EQ(operands.outputs, decoded->ops[2].outputs);
}

TEST(Fusion, a_norm_that_is_stored_otherwise_than_the_weights_stays_apart) {
  Layer layer;
  const auto norm = layer.program.weight("norm", DType::f32, {8});
  layer.program.linear(layer.program.rms_norm(layer.x, norm, 1e-5), layer.weights[0], layer.y);
  EXPECT_EQ(layer.done_with(), (std::vector<std::uint32_t>{0, 1}));
}

TEST(Fusion, rows_are_selected_and_normed_at_once_however_the_weights_are_stored) {
  Layer layer;
  const auto indices = layer.program.window(DType::i32, {layer.rows});
  const auto norm = layer.program.weight("norm", DType::f16, {8});
  layer.program.rms_norm(layer.program.select_rows(layer.x, indices), norm, 1e-5, layer.y);
  const auto decoded = decode(layer.program);
  EXPECT_EQ(find_done_with(*decoded), (std::vector<std::uint32_t>{1, 1}));
  EXPECT_EQ(fused_operands(*decoded, 0, 1).inputs,
            (std::vector<std::uint32_t>{decoded->ops[0].inputs[0], decoded->ops[0].inputs[1],
                                        decoded->ops[1].inputs[1]}));
  EXPECT_EQ(fused_dtype(*decoded, 0), tensor::DType::f16);
}

TEST(Fusion, keys_are_turned_and_appended_at_once) {
  sdk::Program program;
  const sdk::Symbol row = program.symbol(16);
  const auto x = program.window(DType::f32, {row, 2, 8});
  const auto positions = program.window(DType::i32, {row});
  const auto frequencies = program.window(DType::f32, {4});
  const auto y = program.window(DType::f32, {row, 2, 8});
  const auto keys = program.state_plane(0, 0, DType::f16, 2, 8);
  const auto values = program.state_plane(0, 1, DType::f16, 2, 8);
  program.append_rows(program.rope(x, positions, frequencies, sdk::Pairing::halves), keys);
  program.append_rows(x, values);
  program.attention(x, keys, values, 1, y);
  const auto decoded = decode(program);
  EXPECT_EQ(find_done_with(*decoded), (std::vector<std::uint32_t>{1, 1, 2, 3}));
  EXPECT_EQ(fused_dtype(*decoded, 0), tensor::DType::f16);
}

// What is in the way of one kernel for rope, append_rows and attention.
enum class Otherwise { nothing, other_frequencies, other_pairing, planes_in_turn, q_used_twice };

struct Attention {
  explicit Attention(Otherwise otherwise) {
    const sdk::Symbol row = program.symbol(16);
    const auto wide = program.window(DType::f32, {row, 4, 8});  // twice as many heads as k and v
    const auto x = program.window(DType::f32, {row, 2, 8});
    const auto positions = program.window(DType::i32, {row});
    const auto frequencies = program.window(DType::f32, {4});
    const auto others = program.window(DType::f32, {4});
    const auto keys = program.state_plane(0, 0, DType::f16, 2, 8);
    const auto values = program.state_plane(0, 1, DType::f16, 2, 8);
    const auto v = program.add(x, x);
    const auto q = program.rope(wide, positions, frequencies, sdk::Pairing::halves);
    const auto k = program.rope(
        x, positions, otherwise == Otherwise::other_frequencies ? others : frequencies,
        otherwise == Otherwise::other_pairing ? sdk::Pairing::neighbours : sdk::Pairing::halves);
    program.append_rows(k, keys);
    program.append_rows(v, values);
    const auto y = program.temporary(DType::f32, {row, 4, 8});
    const bool is_turned = otherwise == Otherwise::planes_in_turn;
    program.attention(q, is_turned ? values : keys, is_turned ? keys : values, 1, y);
    if (otherwise == Otherwise::q_used_twice) program.add(q, q);
    program.add(y, y, program.window(DType::f32, {row, 4, 8}));
  }

  sdk::Program program;
};

TEST(Fusion, one_row_is_turned_appended_and_attended_to_at_once) {
  const auto decoded = decode(Attention(Otherwise::nothing).program);
  EXPECT_EQ(find_done_with(*decoded), (std::vector<std::uint32_t>{0, 5, 5, 5, 5, 5, 6}));
  const graph::Op &q = decoded->ops[1], &k = decoded->ops[2], &v = decoded->ops[4];
  const Operands operands = fused_operands(*decoded, 1, 4);
  EXPECT_EQ(operands.inputs,
            (std::vector<std::uint32_t>{q.inputs[0], q.inputs[1], q.inputs[2], k.inputs[0],
                                        k.inputs[1], k.inputs[2], v.inputs[0]}));
  EXPECT_EQ(operands.outputs,
            (std::vector<std::uint32_t>{decoded->ops[3].outputs[0], decoded->ops[4].outputs[0],
                                        decoded->ops[5].outputs[0]}));
  EXPECT_EQ(fused_dtype(*decoded, 1), tensor::DType::f16);
}

TEST(Fusion, attention_stays_apart_from_what_it_is_not_made_of) {
  for (const Otherwise otherwise : {Otherwise::other_frequencies, Otherwise::other_pairing,
                                    Otherwise::planes_in_turn, Otherwise::q_used_twice}) {
    const auto decoded = decode(Attention(otherwise).program);
    EXPECT_EQ(find_done_with(*decoded)[1], 1u) << static_cast<int>(otherwise);
  }
}

// v is read by an op in the middle, while the last of them writes y.
TEST(Fusion, what_an_op_in_the_middle_reads_keeps_its_place_while_the_last_writes) {
  const auto decoded = decode(Attention(Otherwise::nothing).program);
  const std::uint32_t v = decoded->ops[4].inputs[0], y = decoded->ops[5].outputs[0];
  const graph::MemoryPlan together(*decoded, find_done_with(*decoded));
  EXPECT_NE(together.slot_of(v), together.slot_of(y));
}

// Of a product that is done with the addition after it, x is read while y is written.
TEST(Fusion, what_the_first_op_reads_keeps_its_place_while_the_second_writes) {
  Layer layer;
  const auto x = layer.program.add(layer.x, layer.x);
  const auto product = layer.program.linear(x, layer.weights[0]);
  const auto sum = layer.program.add(product, layer.x);
  layer.program.add(sum, layer.x, layer.y);
  const auto decoded = decode(layer.program);
  const std::uint32_t read = decoded->ops[1].inputs[0], written = decoded->ops[2].outputs[0];
  const graph::MemoryPlan apart(*decoded);
  EXPECT_EQ(apart.slot_of(read), apart.slot_of(written));
  const graph::MemoryPlan together(*decoded, find_done_with(*decoded));
  EXPECT_NE(together.slot_of(read), together.slot_of(written));
}

}  // namespace
}  // namespace driftwood::device::kernels
