// What a program is recorded with (driftwood_program.hpp): dtypes, dimensions, tensors, and the
// options of the ops. The numbers are those of docs/program.md.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

namespace driftwood::sdk {

enum class DType : std::uint32_t { f32 = 1, f16 = 2, bf16 = 3, i32 = 7, u8 = 9 };

constexpr std::uint32_t size_bytes(DType dtype) {
  return dtype == DType::u8 ? 1 : dtype == DType::f16 || dtype == DType::bf16 ? 2 : 4;
}

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

// Which elements of a head rope rotates together: (j, j + R/2), or (2j, 2j + 1).
enum class Pairing : std::int64_t { halves = 0, neighbours = 1 };

// What a convolution finds outside its input: zeros, or the input mirrored at its ends.
enum class PaddingMode : std::int64_t { zeros = 0, reflect = 1 };

enum class Pooling : std::int64_t { max = 0, average = 1 };

// gelu_tanh is the usual approximation of gelu, which is exact.
enum class Function : std::int64_t {
  relu = 0,
  gelu = 1,
  gelu_tanh = 2,
  sigmoid = 3,
  tanh = 4,
  sqrt = 5
};

// A size that each run chooses.
struct Symbol {
  std::int32_t index;
};

// One dimension: a constant, a symbol, or a constant times a symbol.
struct Dim {
  std::uint32_t factor = 0;
  std::int32_t symbol = 0;

  constexpr Dim() = default;
  constexpr Dim(std::integral auto constant)
      : factor(static_cast<std::uint32_t>(constant)), symbol(-1) {}
  constexpr Dim(Symbol s) : factor(1), symbol(s.index) {}
  constexpr Dim(std::uint32_t times, Symbol s) : factor(times), symbol(s.index) {}
};

constexpr Dim operator*(std::uint32_t factor, Symbol symbol) {
  return {factor, symbol};
}

// Names a tensor of the program that made it.
struct Tensor {
  std::uint32_t index;
};

struct Attribute {
  std::uint32_t id;
  std::uint32_t kind;  // 0 integer, 1 number
  std::uint64_t bits;

  static constexpr Attribute integer(std::uint32_t id, std::int64_t value) {
    return {id, 0, static_cast<std::uint64_t>(value)};
  }
  static constexpr Attribute number(std::uint32_t id, double value) {
    return {id, 1, std::bit_cast<std::uint64_t>(value)};
  }
};

// A register: a value that the device keeps from run to run.
struct RegisterTensors {
  Tensor before;  // the value that the run begins with; ops read it
  Tensor after;   // the value that the run leaves; one op writes it, later ones may read it
};

struct TopLogits {
  Tensor ids;           // [rows, K] i32
  Tensor logits;        // [rows, K]
  Tensor log_sum_exp;   // [rows]
  Tensor given_logits;  // [rows, G]
};

struct Conv1d {
  std::uint32_t stride = 1, pad_before = 0, pad_after = 0;
  PaddingMode padding = PaddingMode::zeros;
};

struct Conv2d {
  std::uint32_t stride_y = 1, stride_x = 1;
  std::uint32_t pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;
  PaddingMode padding = PaddingMode::zeros;
};

struct Pool2d {
  Pooling pooling = Pooling::max;
  std::uint32_t window_y = 2, window_x = 2, stride_y = 2, stride_x = 2;
};

struct LstmState {
  Tensor h, c;  // [rows, H]
};

struct LstmWeights {
  Tensor input, hidden;            // [4H, I], [4H, H]; gates i, f, g, o one after the other
  Tensor input_bias, hidden_bias;  // [4H]
};

}  // namespace driftwood::sdk
