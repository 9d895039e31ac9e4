// What the tests of programs share: encoded programs, and how to break them.
#pragma once

#include <driftwood_program.hpp>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "graph/program.h"

namespace driftwood::graph::testing {

using Bytes = std::vector<std::uint8_t>;

// Decodes from an allocation of the exact size, so that a sanitizer sees every read past the end.
inline Result<std::shared_ptr<const Program>> decode(const Bytes& bytes) {
  const auto copy = std::make_unique<std::byte[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return decode_program({copy.get(), bytes.size()});
}

// The sentence that refuses a program; empty if it is taken.
inline std::string refusal(const Bytes& bytes) {
  const auto program = decode(bytes);
  return program ? "" : program.error().message();
}
inline std::string refusal(const sdk::Program& program) {
  return refusal(program.encode());
}

// Where small_decoder()'s tables begin: 1 symbol, 15 tensors, 7 ops, 23 operands, 3 attributes, 13
// bytes of names.
inline constexpr std::size_t kSymbolsAt = 64, kTensorsAt = kSymbolsAt + 8,
                             kOpsAt = kTensorsAt + 15 * 64, kOperandsAt = kOpsAt + 7 * 16,
                             kAttributesAt = kOperandsAt + 23 * 4, kNamesAt = kAttributesAt + 48,
                             kEnd = kNamesAt + 13;

// Overwrites a little-endian field.
inline void put(Bytes& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[offset + i] = static_cast<std::uint8_t>(value >> 8 * i);
  }
}
inline void put_u32(Bytes& bytes, std::size_t offset, std::uint32_t value) {
  put(bytes, offset, value, 4);
}

// One layer's worth of a decoder: every place, both attribute kinds, and a state of two planes.
//   symbols: T0 rows at most 8. tensors: 0 ids, 1 positions, 2 frequencies (windows), 3 table, 4
//   norm, 5 wq, 6 wk (weights), 7 embedded, 8 normed, 9 q, 10 k, 11 turned, 12 keys, 13 values
//   (state planes), 14 attended.  ops: gather_rows, rms_norm, linear, rope, append_rows twice,
//   attention.
inline sdk::Program small_decoder() {
  using sdk::DType;
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(8);
  const auto ids = program.window(DType::i32, {rows});
  const auto positions = program.window(DType::i32, {rows});
  const auto frequencies = program.window(DType::f32, {2});
  const auto table = program.weight("table", DType::bf16, {10, 8});
  const auto norm = program.weight("norm", DType::f32, {8});
  const auto wq = program.weight("wq", DType::f32, {8, 8});
  const auto wk = program.weight("wk", DType::f32, {4, 8});
  const auto embedded = program.gather_rows(table, ids);
  const auto normed = program.rms_norm(embedded, norm, 1e-5);
  const auto q = program.temporary(DType::f32, {rows, 2, 4});
  const auto k = program.temporary(DType::f32, {rows, 1, 4});
  program.linear(normed, {wq, wk}, {q, k});
  const auto turned = program.rope(q, positions, frequencies, sdk::Pairing::halves);
  const auto keys = program.state_plane(0, 0, DType::bf16, 1, 4);
  const auto values = program.state_plane(0, 1, DType::bf16, 1, 4);
  program.append_rows(k, keys);
  program.append_rows(k, values);
  program.attention(turned, keys, values, 0.5);
  return program;
}

}  // namespace driftwood::graph::testing
