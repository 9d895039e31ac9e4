// Programs that hostile tests break and fuzz targets begin with; together they have every op. Their
// weights are those of FewWeights (program_fate.h).
#pragma once

#include <string>
#include <vector>

#include "driftwood_program.hpp"

namespace driftwood::test {

// A small decoder: tables of every kind, all places, ops with attributes and without, and every op
// that gathers.
inline sdk::Program small_decoder() {
  using sdk::DType;
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(8), wanted = program.symbol(4);
  const auto ids = program.window(DType::i32, {rows});
  const auto positions = program.window(DType::i32, {rows});
  const auto frequencies = program.window(DType::f32, {2});
  const auto x = program.gather_rows(program.weight("table", DType::bf16, {10, 8}), ids);
  const auto normed = program.rms_norm(x, program.weight("norm", DType::f32, {8}), 1e-5);
  const auto wq = program.weight("wq", DType::f32, {8, 8});
  const auto q = program.temporary(DType::f32, {rows, 2, 4});
  const auto k = program.temporary(DType::f32, {rows, 1, 4});
  program.linear(normed, {wq, program.weight("wk", DType::f32, {4, 8})}, {q, k});
  const auto keys = program.state_plane(0, 0, DType::bf16, 1, 4);
  const auto values = program.state_plane(0, 1, DType::bf16, 1, 4);
  program.append_rows(program.rope(k, positions, frequencies, sdk::Pairing::halves), keys);
  program.append_rows(k, values);
  const auto flat = program.temporary(DType::f32, {rows, 8});
  program.linear(program.attention(q, keys, values, 0.5), {wq}, {flat});
  const auto gated = program.temporary(DType::f32, {rows, 8});
  program.record(sdk::OpNumber::swiglu, {flat, normed}, {gated});
  const auto chosen = program.temporary(DType::f32, {wanted, 8});
  program.record(sdk::OpNumber::select_rows, {gated, program.window(DType::i32, {wanted})},
                 {chosen});
  program.record(sdk::OpNumber::top_logits, {chosen, program.window(DType::i32, {wanted, 1})},
                 {program.window(DType::i32, {wanted, 4}), program.window(DType::f32, {wanted, 4}),
                  program.window(DType::f32, {wanted}), program.window(DType::f32, {wanted, 1})});
  return program;
}

// y = x + x over 16 elements each.
inline sdk::Program addition() {
  sdk::Program program;
  const auto x = program.window(sdk::DType::f32, {16});
  const auto y = program.window(sdk::DType::f32, {16});
  program.add(x, x, y);
  return program;
}

// A small network over images: two dimensions, channels, u8, and operands of one row.
inline sdk::Program small_vision() {
  using sdk::DType;
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(4);
  const auto pixels = program.window(DType::u8, {rows, 1, 4, 5});
  const auto by_channel = program.weight("channels", DType::f16, {2});
  const auto by_column = program.weight("columns", DType::f32, {4});
  const auto kernel = program.weight("kernel2d", DType::f16, {2, 1, 3, 3});
  auto x = program.conv2d(program.convert(pixels), kernel, by_channel,
                          {.pad_top = 1,
                           .pad_bottom = 1,
                           .pad_left = 1,
                           .pad_right = 1,
                           .padding = sdk::PaddingMode::reflect});
  x = program.batch_norm(x, by_channel, by_channel, by_channel, by_channel, 1e-5);
  x = program.unary(program.channel_affine(x, by_channel, by_channel), sdk::Function::gelu);
  x = program.slice(program.softmax(program.pool2d(x, {})), 1, 4);
  x = program.layer_norm(x, by_column, by_column, 1e-5);
  x = program.add(program.multiply(x, by_column), by_column);
  program.matmul(x, program.window(DType::f32, {4, 3}), program.window(DType::f32, {rows, 3}));
  return program;
}

// A small recurrent network over samples: one dimension, and two registers. The windows are the
// slots 0 (6 samples) and 1 (2 probabilities).
inline sdk::Program small_recurrence() {
  using sdk::DType;
  sdk::Program program;
  const auto samples = program.window(DType::f32, {1, 1, 6});
  const auto probabilities = program.window(DType::f32, {1, 2, 1});
  const auto h = program.state_register(DType::f32, {1, 2, 1});
  const auto c = program.state_register(DType::f32, {1, 2, 1});
  auto x = program.conv1d(samples, program.weight("kernel1d", DType::bf16, {2, 1, 3}), {},
                          {.stride = 2, .pad_after = 1, .padding = sdk::PaddingMode::reflect});
  x = program.multiply(program.unary(x, sdk::Function::tanh), x);
  const auto bias = program.weight("gate_bias", DType::bf16, {8});
  program.lstm_cell(x, {h.before, c.before},
                    {program.weight("input_gates", DType::bf16, {8, 6}),
                     program.weight("hidden_gates", DType::bf16, {8, 2}), bias, bias},
                    sdk::LstmState{h.after, c.after});
  program.unary(h.after, sdk::Function::sigmoid, probabilities);
  return program;
}

struct SampleProgram {
  std::string name;
  std::vector<std::uint8_t> encoded;
};

inline std::vector<SampleProgram> sample_programs() {
  return {{"addition", addition().encode()},
          {"decoder", small_decoder().encode()},
          {"recurrence", small_recurrence().encode()},
          {"vision", small_vision().encode()}};
}

}  // namespace driftwood::test
