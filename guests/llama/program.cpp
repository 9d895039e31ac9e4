#include "llama/program.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace driftwood::guests::llama {
namespace {

using sdk::Dim;
using sdk::DType;
using sdk::Program;
using sdk::Symbol;
using sdk::Tensor;

struct Recorder {
  const Config& config;
  Program& program;
  DType kv_dtype;
  Symbol T;
  Tensor positions, frequencies;

  Tensor norm(Tensor x, const Weight& weight) {
    return program.rms_norm(x, program.weight(weight.name, weight.dtype, {config.hidden_size}),
                            config.epsilon);
  }

  Tensor matrix(const Weight& weight, std::uint32_t outputs, std::uint32_t inputs) {
    return program.weight(weight.name, weight.dtype, {outputs, inputs});
  }

  // Projections that share an input are one op where their weights have one dtype.
  void project(Tensor x, const std::vector<const Weight*>& weights,
               const std::vector<Tensor>& matrices, const std::vector<Tensor>& outs) {
    const bool alike = std::all_of(weights.begin(), weights.end(), [&](const Weight* weight) {
      return weight->dtype == weights[0]->dtype;
    });
    if (alike) {
      program.linear(x, matrices, outs);
      return;
    }
    for (std::size_t i = 0; i < matrices.size(); ++i) program.linear(x, matrices[i], outs[i]);
  }

  // [T, hidden] -> [T, heads, head_dim]
  Tensor attention(Tensor x, const LayerWeights& layer, std::uint32_t index) {
    const std::uint32_t heads = config.head_count, key_heads = config.key_head_count;
    const std::uint32_t dim = config.head_dim, hidden = config.hidden_size;
    const Tensor q = program.temporary(DType::f32, {T, heads, dim});
    const Tensor k = program.temporary(DType::f32, {T, key_heads, dim});
    const Tensor v = program.temporary(DType::f32, {T, key_heads, dim});
    project(x, {&layer.query, &layer.key, &layer.value},
            {matrix(layer.query, heads * dim, hidden), matrix(layer.key, key_heads * dim, hidden),
             matrix(layer.value, key_heads * dim, hidden)},
            {q, k, v});
    const auto pairing = sdk::Pairing::halves;
    const Tensor turned_q = program.rope(q, positions, frequencies, pairing);
    const Tensor turned_k = program.rope(k, positions, frequencies, pairing);
    const Tensor keys = program.state_plane(0, 2 * index, kv_dtype, key_heads, dim);
    const Tensor values = program.state_plane(0, 2 * index + 1, kv_dtype, key_heads, dim);
    program.append_rows(turned_k, keys);
    program.append_rows(v, values);
    return program.attention(turned_q, keys, values, 1 / std::sqrt(static_cast<double>(dim)));
  }

  // [T, hidden] -> [T, hidden]
  Tensor layer(Tensor x, const LayerWeights& layer, std::uint32_t index) {
    const std::uint32_t hidden = config.hidden_size, wide = config.intermediate_size;
    const Tensor attended = attention(norm(x, layer.input_norm), layer, index);
    const Tensor mixed = program.temporary(DType::f32, {T, hidden});
    program.linear(attended, matrix(layer.output, hidden, config.head_count * config.head_dim),
                   mixed);
    x = program.add(x, mixed);

    const Tensor gate = program.temporary(DType::f32, {T, wide});
    const Tensor up = program.temporary(DType::f32, {T, wide});
    project(norm(x, layer.attention_norm), {&layer.gate, &layer.up},
            {matrix(layer.gate, wide, hidden), matrix(layer.up, wide, hidden)}, {gate, up});
    return program.add(x,
                       program.linear(program.swiglu(gate, up), matrix(layer.down, hidden, wide)));
  }
};

}  // namespace

DecoderProgram record_decoder(const Config& config, const Weights& weights, sdk::DType kv_dtype) {
  DecoderProgram recorded = {};
  Program& program = recorded.program;
  const Symbol T = program.symbol(kMostPieceRows);
  const Symbol R = program.symbol(kMostLogitRows);
  const std::uint32_t hidden = config.hidden_size, best = best_count(config);

  recorded.ids = program.window(DType::i32, {T});
  recorded.positions = program.window(DType::i32, {T});
  recorded.frequencies = program.window(DType::f32, {config.head_dim / 2});
  recorded.rows = program.window(DType::i32, {R});
  recorded.given_ids = program.window(DType::i32, {R, 1});
  recorded.hidden = program.window(DType::f32, {R, hidden});
  recorded.best_ids = program.window(DType::i32, {R, best});
  recorded.best_logits = program.window(DType::f32, {R, best});
  recorded.log_sum_exp = program.window(DType::f32, {R});
  recorded.given_logits = program.window(DType::f32, {R, 1});

  Recorder recorder = {config, program, kv_dtype, T, recorded.positions, recorded.frequencies};
  Tensor x = program.gather_rows(recorder.matrix(weights.embedding, config.vocabulary_size, hidden),
                                 recorded.ids);
  for (std::uint32_t i = 0; i < config.layer_count; ++i) {
    x = recorder.layer(x, weights.layers[i], i);
  }
  const Tensor wanted = program.select_rows(x, recorded.rows);
  program.rms_norm(wanted, program.weight(weights.norm.name, weights.norm.dtype, {hidden}),
                   config.epsilon, recorded.hidden);
  const Tensor logits = program.linear(
      recorded.hidden, recorder.matrix(weights.head, config.vocabulary_size, hidden));
  program.top_logits(logits, recorded.given_ids, best,
                     sdk::TopLogits{recorded.best_ids, recorded.best_logits, recorded.log_sum_exp,
                                    recorded.given_logits});
  return recorded;
}

HeadProgram record_head(const Config& config, const Weights& weights) {
  HeadProgram recorded = {};
  Program& program = recorded.program;
  recorded.hidden = program.window(DType::f32, {1, config.hidden_size});
  recorded.logits = program.window(DType::f32, {1, config.vocabulary_size});
  program.linear(recorded.hidden,
                 program.weight(weights.head.name, weights.head.dtype,
                                {config.vocabulary_size, config.hidden_size}),
                 recorded.logits);
  return recorded;
}

}  // namespace driftwood::guests::llama
