// The ops that a program may use. Numbers are part of the program encoding (docs/program.md) and
// are never reused; each op has a file of its own in this folder with its rule and its plain
// reference.
#pragma once

#include <cstdint>
#include <span>

#include "ops/op.h"

namespace driftwood::ops {

enum class OpNumber : std::uint32_t {
  matmul = 1,
  gather_rows = 2,
  rms_norm = 3,
  linear = 4,
  rope = 5,
  append_rows = 6,
  attention = 7,
  swiglu = 8,
  add = 9,
  select_rows = 10,
  top_logits = 11,
  conv1d = 12,
  conv2d = 13,
  pool2d = 14,
  channel_affine = 15,
  layer_norm = 16,
  unary = 17,
  softmax = 18,
  multiply = 19,
  slice = 20,
  lstm_cell = 21,
  convert = 22,
};

// Every op, ascending by number.
std::span<const OpDefinition* const> all_ops();

// The op with this number, or null.
const OpDefinition* find_op(std::uint32_t number);

}  // namespace driftwood::ops
