// Records a computation as a program in the encoding of docs/program.md. Pure data: nothing is
// checked here but what the encoding itself needs, and nothing is imported, so hosts and tests use
// it as guests do.
//
//   Program program;
//   Symbol rows = program.symbol(512);
//   Tensor x = program.window(DType::f32, {rows, 64});
//   Tensor y = program.window(DType::f32, {rows, 64});
//   program.rms_norm(x, program.weight("norm.weight", DType::f32, {64}), 1e-5, y);
//   std::vector<std::uint8_t> bytes = program.encode();
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

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
};

// Which elements of a head rope rotates together: (j, j + R/2), or (2j, 2j + 1).
enum class Pairing : std::int64_t { halves = 0, neighbours = 1 };

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

struct TopLogits {
  Tensor ids;           // [rows, K] i32
  Tensor logits;        // [rows, K]
  Tensor log_sum_exp;   // [rows]
  Tensor given_logits;  // [rows, G]
};

class Program {
 public:
  using Out = std::optional<Tensor>;  // where an output goes; a new temporary if it is not given
  static constexpr std::uint32_t kEpsilon = 1, kPairing = 2, kScale = 3;  // attribute ids

  // `maximum`: the most that a run may give it.
  Symbol symbol(std::uint32_t maximum) {
    symbol_maxima_.push_back(maximum);
    return {static_cast<std::int32_t>(symbol_maxima_.size()) - 1};
  }

  // A tensor in a share window; takes the next window slot.
  Tensor window(DType dtype, std::initializer_list<Dim> dims) {
    return add_tensor(dtype, dims, kWindow, window_slot_count_++, 0, {});
  }

  // The window slot of a tensor made by window().
  std::uint32_t slot(Tensor window) const { return tensors_[window.index].slot; }

  // A tensor of the checkpoint. The same name may be asked for again.
  Tensor weight(std::string_view name, DType dtype, std::initializer_list<Dim> dims) {
    return add_tensor(dtype, dims, kWeight, 0, 0, name);
  }

  Tensor temporary(DType dtype, std::initializer_list<Dim> dims) {
    return add_tensor(dtype, dims, kTemporary, 0, 0, {});
  }

  // One plane of the append state in `slot`.
  Tensor state_plane(std::uint32_t slot, std::uint32_t plane, DType dtype, std::uint32_t heads,
                     std::uint32_t head_dim) {
    if (slot >= state_slot_count_) state_slot_count_ = slot + 1;
    return add_tensor(dtype, {heads, head_dim}, kState, slot, plane, {});
  }

  // Any op over any tensors; the functions below are made of it.
  void record(std::uint32_t number, const std::vector<Tensor>& inputs,
              const std::vector<Tensor>& outputs, const std::vector<Attribute>& attributes = {}) {
    ops_.push_back({number, static_cast<std::uint32_t>(inputs.size()),
                    static_cast<std::uint32_t>(outputs.size()),
                    static_cast<std::uint32_t>(attributes.size())});
    for (Tensor tensor : inputs) operands_.push_back(tensor.index);
    for (Tensor tensor : outputs) operands_.push_back(tensor.index);
    attributes_.insert(attributes_.end(), attributes.begin(), attributes.end());
  }

  void record(OpNumber number, const std::vector<Tensor>& inputs,
              const std::vector<Tensor>& outputs, const std::vector<Attribute>& attributes = {}) {
    record(static_cast<std::uint32_t>(number), inputs, outputs, attributes);
  }

  // a [M, K] times b [K, N] -> [M, N]
  Tensor matmul(Tensor a, Tensor b, Out out = {}) {
    Tensor c = out_or(out, {dim(a, 0), dim(b, 1)});
    record(OpNumber::matmul, {a, b}, {c});
    return c;
  }

  // Rows of table [count, D] at ids [rows] -> [rows, D]
  Tensor gather_rows(Tensor table, Tensor ids, Out out = {}) {
    Tensor rows = out_or(out, {dim(ids, 0), dim(table, 1)});
    record(OpNumber::gather_rows, {table, ids}, {rows});
    return rows;
  }

  // x [rows, D], weight [D] -> [rows, D]
  Tensor rms_norm(Tensor x, Tensor weight, double epsilon, Out out = {}) {
    Tensor y = out_or_like(out, x);
    record(OpNumber::rms_norm, {x, weight}, {y}, {Attribute::number(kEpsilon, epsilon)});
    return y;
  }

  // x [rows, K] times the transpose of weight [N, K] -> [rows, N]
  Tensor linear(Tensor x, Tensor weight, Out out = {}) {
    Tensor y = out_or(out, {dim(x, 0), dim(weight, 0)});
    record(OpNumber::linear, {x, weight}, {y});
    return y;
  }

  // Up to four projections of one input; `outs` is empty, or has one tensor for each weight.
  std::vector<Tensor> linear(Tensor x, const std::vector<Tensor>& weights,
                             std::vector<Tensor> outs = {}) {
    if (outs.empty()) {
      for (Tensor weight : weights) {
        outs.push_back(temporary(DType::f32, {dim(x, 0), dim(weight, 0)}));
      }
    }
    std::vector<Tensor> inputs = {x};
    inputs.insert(inputs.end(), weights.begin(), weights.end());
    record(OpNumber::linear, inputs, outs);
    return outs;
  }

  // x [rows, heads, D], positions [rows] i32, inverse frequencies [R/2] -> [rows, heads, D]
  Tensor rope(Tensor x, Tensor positions, Tensor inverse_frequencies, Pairing pairing,
              Out out = {}) {
    Tensor y = out_or_like(out, x);
    record(OpNumber::rope, {x, positions, inverse_frequencies}, {y},
           {Attribute::integer(kPairing, static_cast<std::int64_t>(pairing))});
    return y;
  }

  // Appends x [rows, heads, D] to a state plane [heads, D].
  void append_rows(Tensor x, Tensor plane) { record(OpNumber::append_rows, {x}, {plane}); }

  // q [rows, Hq, D] over the planes of keys and values -> [rows, Hq, D]
  Tensor attention(Tensor q, Tensor keys, Tensor values, double scale, Out out = {}) {
    Tensor y = out_or_like(out, q);
    record(OpNumber::attention, {q, keys, values}, {y}, {Attribute::number(kScale, scale)});
    return y;
  }

  Tensor swiglu(Tensor gate, Tensor up, Out out = {}) {
    Tensor y = out_or_like(out, gate);
    record(OpNumber::swiglu, {gate, up}, {y});
    return y;
  }

  Tensor add(Tensor a, Tensor b, Out out = {}) {
    Tensor y = out_or_like(out, a);
    record(OpNumber::add, {a, b}, {y});
    return y;
  }

  // Rows of x [rows, D] at indices [R] -> [R, D]
  Tensor select_rows(Tensor x, Tensor indices, Out out = {}) {
    Tensor y = out_or(out, {dim(indices, 0), dim(x, 1)});
    record(OpNumber::select_rows, {x, indices}, {y});
    return y;
  }

  // The `best_count` largest of logits [rows, V], and the logits at ids [rows, G].
  TopLogits top_logits(Tensor logits, Tensor ids, std::uint32_t best_count,
                       std::optional<TopLogits> out = {}) {
    const Dim rows = dim(logits, 0);
    if (!out) {
      out = TopLogits{temporary(DType::i32, {rows, best_count}),
                      temporary(DType::f32, {rows, best_count}), temporary(DType::f32, {rows}),
                      temporary(DType::f32, {rows, dim(ids, 1)})};
    }
    record(OpNumber::top_logits, {logits, ids},
           {out->ids, out->logits, out->log_sum_exp, out->given_logits});
    return *out;
  }

  // The program's bytes, as graph_compile takes them.
  std::vector<std::uint8_t> encode() const {
    Writer out;
    const std::uint64_t total_bytes = 64 + 8 * symbol_maxima_.size() + 64 * tensors_.size() +
                                      16 * ops_.size() + 4 * operands_.size() +
                                      16 * attributes_.size() + names_.size();
    out.bytes.reserve(total_bytes);
    for (char c : {'D', 'W', 'P', 'G'}) out.bytes.push_back(static_cast<std::uint8_t>(c));
    out.u32({1, 64, static_cast<std::uint32_t>(total_bytes), count(symbol_maxima_), count(tensors_),
             count(ops_), count(operands_), count(attributes_), count(names_), window_slot_count_,
             state_slot_count_});
    out.u16({8, 64, 16, 16});
    out.u32({0, 0});
    for (std::uint32_t maximum : symbol_maxima_) out.u32({maximum, 0});
    for (const TensorRecord& tensor : tensors_) write_tensor(out, tensor);
    for (const OpRecord& op : ops_) {
      out.u32({op.number});
      out.u16({op.input_count, op.output_count, op.attribute_count, 0});
      out.u32({0});
    }
    for (std::uint32_t operand : operands_) out.u32({operand});
    for (const Attribute& attribute : attributes_) {
      out.u32({attribute.id, attribute.kind, static_cast<std::uint32_t>(attribute.bits),
               static_cast<std::uint32_t>(attribute.bits >> 32)});
    }
    out.bytes.insert(out.bytes.end(), names_.begin(), names_.end());
    return out.bytes;
  }

 private:
  static constexpr std::uint32_t kTemporary = 0, kWindow = 1, kWeight = 2, kState = 3;  // places
  static constexpr std::uint32_t kMostDims = 4;

  struct TensorRecord {
    DType dtype;
    std::uint32_t rank, place, slot, plane, name_offset, name_bytes;
    std::array<Dim, kMostDims> dims;
  };

  struct OpRecord {
    std::uint32_t number, input_count, output_count, attribute_count;
  };

  struct Writer {  // little-endian on every machine
    std::vector<std::uint8_t> bytes;

    void put(std::uint32_t value, int byte_count) {
      for (int i = 0; i < byte_count; ++i)
        bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    }
    void u32(std::initializer_list<std::uint32_t> values) {
      for (std::uint32_t value : values) put(value, 4);
    }
    void u16(std::initializer_list<std::uint32_t> values) {
      for (std::uint32_t value : values) put(value, 2);
    }
  };

  static std::uint32_t count(const auto& items) { return static_cast<std::uint32_t>(items.size()); }

  static void write_tensor(Writer& out, const TensorRecord& tensor) {
    out.u32({static_cast<std::uint32_t>(tensor.dtype), tensor.rank, tensor.place, tensor.slot,
             tensor.plane, tensor.name_offset, tensor.name_bytes, 0});
    for (const Dim& dim : tensor.dims)
      out.u32({dim.factor, static_cast<std::uint32_t>(dim.symbol)});
  }

  Tensor add_tensor(DType dtype, std::initializer_list<Dim> dims, std::uint32_t place,
                    std::uint32_t slot, std::uint32_t plane, std::string_view name) {
    TensorRecord tensor = {
        dtype, count(dims), place, slot, plane, name.empty() ? 0 : count(names_), count(name), {}};
    for (std::uint32_t i = 0; i < tensor.rank && i < kMostDims; ++i) {
      tensor.dims[i] = dims.begin()[i];
    }
    names_.insert(names_.end(), name.begin(), name.end());
    tensors_.push_back(tensor);
    return {count(tensors_) - 1};
  }

  Dim dim(Tensor tensor, std::uint32_t i) const { return tensors_[tensor.index].dims[i]; }

  Tensor out_or(Out out, std::initializer_list<Dim> dims) {
    return out ? *out : temporary(DType::f32, dims);
  }

  Tensor out_or_like(Out out, Tensor like) {
    if (out) return *out;
    TensorRecord tensor = tensors_[like.index];
    tensors_.push_back({DType::f32, tensor.rank, kTemporary, 0, 0, 0, 0, tensor.dims});
    return {count(tensors_) - 1};
  }

  std::vector<std::uint32_t> symbol_maxima_;
  std::vector<TensorRecord> tensors_;
  std::vector<OpRecord> ops_;
  std::vector<std::uint32_t> operands_;
  std::vector<Attribute> attributes_;
  std::vector<char> names_;
  std::uint32_t window_slot_count_ = 0;
  std::uint32_t state_slot_count_ = 0;
};

}  // namespace driftwood::sdk
