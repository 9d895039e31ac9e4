// Programs that hostile tests break and fuzz targets begin with.
#pragma once

#include "driftwood_program.hpp"

namespace driftwood::test {

// A small decoder: tables of every kind, all places, ops with attributes and without, and every op
// that gathers. It names the weights of FewWeights.
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

}  // namespace driftwood::test
