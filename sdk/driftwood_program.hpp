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
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "driftwood_program_types.hpp"

namespace driftwood::sdk {

class Program {
 public:
  using Out = std::optional<Tensor>;  // where an output goes; a new temporary if it is not given
  // Attribute ids.
  static constexpr std::uint32_t kEpsilon = 1, kPairing = 2, kScale = 3, kStrideX = 4, kStrideY = 5,
                                 kPadLeft = 6, kPadRight = 7, kPadTop = 8, kPadBottom = 9,
                                 kPaddingMode = 10, kPooling = 11, kWindowX = 12, kWindowY = 13,
                                 kFunction = 14, kBegin = 15;

  // `maximum`: the most that a run may give it.
  Symbol symbol(std::uint32_t maximum) {
    symbol_maxima_.push_back(maximum);
    return {static_cast<std::int32_t>(symbol_maxima_.size()) - 1};
  }

  // A tensor in a share window; takes the next window slot.
  Tensor window(DType dtype, std::initializer_list<Dim> dims) {
    return add_tensor(dtype, dims, kWindow, window_slot_count_++, 0, {});
  }

  // The slot of a tensor made by window() or state_register().
  std::uint32_t slot(Tensor tensor) const { return tensors_[tensor.index].slot; }

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

  // Both values of a register, of constant shape; takes the next register slot.
  RegisterTensors state_register(DType dtype, std::initializer_list<Dim> dims) {
    const std::uint32_t slot = register_slot_count_++;
    const Tensor before = add_tensor(dtype, dims, kRegister, slot, 0, {});
    return {before, add_tensor(dtype, dims, kRegister, slot, 1, {})};
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

  // b is of a's shape, or [D] for an a [rows, trailing D].
  Tensor add(Tensor a, Tensor b, Out out = {}) {
    Tensor y = out_or_like(out, a);
    record(OpNumber::add, {a, b}, {y});
    return y;
  }

  // As add.
  Tensor multiply(Tensor a, Tensor b, Out out = {}) {
    Tensor y = out_or_like(out, a);
    record(OpNumber::multiply, {a, b}, {y});
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

  // x [rows, C, L], weight [O, C, K], perhaps bias [O] -> [rows, O, M],
  // M = (pad_before + L + pad_after - K) / stride + 1
  Tensor conv1d(Tensor x, Tensor weight, Out bias, Conv1d how = {}, Out out = {}) {
    const Dim width =
        positions(dim(x, 2), how.pad_before, how.pad_after, dim(weight, 2), how.stride);
    Tensor y = out_or(out, {dim(x, 0), dim(weight, 0), width});
    record(OpNumber::conv1d, with({x, weight}, bias), {y},
           {Attribute::integer(kStrideX, how.stride), Attribute::integer(kPadLeft, how.pad_before),
            Attribute::integer(kPadRight, how.pad_after),
            Attribute::integer(kPaddingMode, static_cast<std::int64_t>(how.padding))});
    return y;
  }

  // x [rows, C, H, W], weight [O, C, Kh, Kw], perhaps bias [O] -> [rows, O, M, N]
  Tensor conv2d(Tensor x, Tensor weight, Out bias, Conv2d how = {}, Out out = {}) {
    const Dim height =
        positions(dim(x, 2), how.pad_top, how.pad_bottom, dim(weight, 2), how.stride_y);
    const Dim width =
        positions(dim(x, 3), how.pad_left, how.pad_right, dim(weight, 3), how.stride_x);
    Tensor y = out_or(out, {dim(x, 0), dim(weight, 0), height, width});
    record(
        OpNumber::conv2d, with({x, weight}, bias), {y},
        {Attribute::integer(kStrideX, how.stride_x), Attribute::integer(kStrideY, how.stride_y),
         Attribute::integer(kPadLeft, how.pad_left), Attribute::integer(kPadRight, how.pad_right),
         Attribute::integer(kPadTop, how.pad_top), Attribute::integer(kPadBottom, how.pad_bottom),
         Attribute::integer(kPaddingMode, static_cast<std::int64_t>(how.padding))});
    return y;
  }

  // x [rows, C, H, W] -> [rows, C, M, N]
  Tensor pool2d(Tensor x, Pool2d how, Out out = {}) {
    const Dim height = positions(dim(x, 2), 0, 0, how.window_y, how.stride_y);
    const Dim width = positions(dim(x, 3), 0, 0, how.window_x, how.stride_x);
    Tensor y = out_or(out, {dim(x, 0), dim(x, 1), height, width});
    record(
        OpNumber::pool2d, {x}, {y},
        {Attribute::integer(kStrideX, how.stride_x), Attribute::integer(kStrideY, how.stride_y),
         Attribute::integer(kPooling, static_cast<std::int64_t>(how.pooling)),
         Attribute::integer(kWindowX, how.window_x), Attribute::integer(kWindowY, how.window_y)});
    return y;
  }

  // x [rows, C, ...] times scale [C] plus shift [C]
  Tensor channel_affine(Tensor x, Tensor scale, Tensor shift, Out out = {}) {
    Tensor y = out_or_like(out, x);
    record(OpNumber::channel_affine, {x, scale, shift}, {y});
    return y;
  }

  // (x - mean) / sqrt(variance + epsilon) * scale + shift for x [rows, C, ...] and weights [C]
  Tensor batch_norm(Tensor x, Tensor scale, Tensor shift, Tensor mean, Tensor variance,
                    double epsilon, Out out = {}) {
    Tensor y = out_or_like(out, x);
    record(OpNumber::channel_affine, {x, scale, shift, mean, variance}, {y},
           {Attribute::number(kEpsilon, epsilon)});
    return y;
  }

  // x [rows, D], weight [D], bias [D] -> [rows, D]
  Tensor layer_norm(Tensor x, Tensor weight, Tensor bias, double epsilon, Out out = {}) {
    Tensor y = out_or_like(out, x);
    record(OpNumber::layer_norm, {x, weight, bias}, {y}, {Attribute::number(kEpsilon, epsilon)});
    return y;
  }

  Tensor unary(Tensor x, Function function, Out out = {}) {
    Tensor y = out_or_like(out, x);
    record(OpNumber::unary, {x}, {y},
           {Attribute::integer(kFunction, static_cast<std::int64_t>(function))});
    return y;
  }

  // Over the last dimension of x [rows, ..., D].
  Tensor softmax(Tensor x, Out out = {}) {
    Tensor y = out_or_like(out, x);
    record(OpNumber::softmax, {x}, {y});
    return y;
  }

  // The elements [begin, begin + count) of each row of x [rows, trailing N] -> [rows, count]
  Tensor slice(Tensor x, std::uint32_t begin, std::uint32_t count, Out out = {}) {
    Tensor y = out_or(out, {dim(x, 0), count});
    record(OpNumber::slice, {x}, {y}, {Attribute::integer(kBegin, begin)});
    return y;
  }

  // x [rows, trailing I] and the state so far [rows, trailing H] -> the next state
  LstmState lstm_cell(Tensor x, LstmState state, const LstmWeights& weights,
                      std::optional<LstmState> out = {}) {
    if (!out) out = LstmState{out_or_like({}, state.h), out_or_like({}, state.c)};
    record(OpNumber::lstm_cell,
           {x, state.h, state.c, weights.input, weights.hidden, weights.input_bias,
            weights.hidden_bias},
           {out->h, out->c});
    return *out;
  }

  // u8 to f32, 0 to 255
  Tensor convert(Tensor x, Out out = {}) {
    Tensor y = out_or_like(out, x);
    record(OpNumber::convert, {x}, {y});
    return y;
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
    out.u32({register_slot_count_, 0});
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
  static constexpr std::uint32_t kTemporary = 0, kWindow = 1, kWeight = 2, kState = 3,
                                 kRegister = 4;  // places
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

  // Of a window that slides over a padded dimension; 1 where it does not fit, which the host
  // refuses.
  static Dim positions(Dim size, std::uint32_t before, std::uint32_t after, Dim window,
                       std::uint32_t stride) {
    const std::uint32_t padded = before + size.factor + after;
    if (window.factor > padded || stride == 0) return 1;
    return (padded - window.factor) / stride + 1;
  }

  static std::vector<Tensor> with(std::vector<Tensor> tensors, Out another) {
    if (another) tensors.push_back(*another);
    return tensors;
  }

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
  std::uint32_t register_slot_count_ = 0;
};

}  // namespace driftwood::sdk
