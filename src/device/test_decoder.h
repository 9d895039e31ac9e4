// A small decoder with every op of a Llama, and texts for it.
#pragma once

#include <string>
#include <vector>

#include "device/test_cases.h"

namespace driftwood::device::testing {

// Sizes of a small decoder that are no multiples of a vector.
inline constexpr std::uint32_t kVocabulary = 300, kWidth = 40, kHeads = 4, kKeyHeads = 2,
                               kHeadDim = 10;
inline constexpr std::uint32_t kHidden = 72, kBest = 5;

enum Slot : std::size_t { kIds, kPositions, kFrequencies, kRows, kGiven, kLogits };

// A decoder of two layers with every op of a Llama; its logits lie in a window.
inline ConformanceCase make_decoder(tensor::DType dtype) {
  ConformanceCase one{.name = "decoder", .dtype = dtype};
  sdk::Program& p = one.program;
  Random random(11);
  const sdk::DType stored = sdk_dtype(dtype);
  const sdk::Symbol row = p.symbol(300), wanted = p.symbol(300);
  const auto weight = [&](const std::string& name, tensor::Shape shape, float scale) {
    const auto count = *tensor::element_count(shape);
    one.weights->add(name, dtype, shape, random.floats(count, scale));
    const auto rows = static_cast<std::uint32_t>(shape[0]);
    if (shape.size() == 1) return p.weight(name, stored, {rows});
    return p.weight(name, stored, {rows, static_cast<std::uint32_t>(shape[1])});
  };
  const auto ids = p.window(sdk::DType::i32, {row});
  const auto positions = p.window(sdk::DType::i32, {row});
  const auto frequencies = p.window(sdk::DType::f32, {kHeadDim / 2});
  const auto chosen = p.window(sdk::DType::i32, {wanted});
  const auto given = p.window(sdk::DType::i32, {wanted, 1});
  const auto logits = p.window(sdk::DType::f32, {wanted, kVocabulary});
  auto x = p.gather_rows(weight("embed", {kVocabulary, kWidth}, 1), ids);
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    const std::string l = std::to_string(layer);
    auto n = p.rms_norm(x, weight("n1" + l, {kWidth}, 1), 1e-5);
    const auto q = p.temporary(sdk::DType::f32, {row, kHeads, kHeadDim});
    const auto k = p.temporary(sdk::DType::f32, {row, kKeyHeads, kHeadDim});
    const auto v = p.temporary(sdk::DType::f32, {row, kKeyHeads, kHeadDim});
    p.linear(n,
             {weight("q" + l, {kHeads * kHeadDim, kWidth}, 0.2f),
              weight("k" + l, {kKeyHeads * kHeadDim, kWidth}, 0.2f),
              weight("v" + l, {kKeyHeads * kHeadDim, kWidth}, 0.2f)},
             {q, k, v});
    const auto turned_q = p.rope(q, positions, frequencies, sdk::Pairing::halves);
    const auto turned_k = p.rope(k, positions, frequencies, sdk::Pairing::halves);
    const auto keys = p.state_plane(0, 2 * layer, stored, kKeyHeads, kHeadDim);
    const auto values = p.state_plane(0, 2 * layer + 1, stored, kKeyHeads, kHeadDim);
    p.append_rows(turned_k, keys);
    p.append_rows(v, values);
    const auto mixed = p.attention(turned_q, keys, values, 0.3,
                                   p.temporary(sdk::DType::f32, {row, kHeads, kHeadDim}));
    x = p.add(x, p.linear(mixed, weight("o" + l, {kWidth, kHeads * kHeadDim}, 0.2f)));
    n = p.rms_norm(x, weight("n2" + l, {kWidth}, 1), 1e-5);
    const auto both = p.linear(n, std::vector{weight("g" + l, {kHidden, kWidth}, 0.2f),
                                              weight("u" + l, {kHidden, kWidth}, 0.2f)});
    x = p.add(x, p.linear(p.swiglu(both[0], both[1]), weight("d" + l, {kWidth, kHidden}, 0.2f)));
  }
  x = p.rms_norm(p.select_rows(x, chosen), weight("norm", {kWidth}, 1), 1e-5);
  p.linear(x, weight("head", {kVocabulary, kWidth}, 0.2f), logits);
  p.top_logits(
      logits, given, kBest,
      sdk::TopLogits{p.window(sdk::DType::i32, {wanted, kBest}),
                     p.window(sdk::DType::f32, {wanted, kBest}),
                     p.window(sdk::DType::f32, {wanted}), p.window(sdk::DType::f32, {wanted, 1})});
  return one;
}

// Tokens [begin, begin + count) of a text of the seed, the logits of all rows wanted.
inline SequenceData make_text(const graph::Program& program, std::uint32_t seed,
                              std::uint32_t begin, std::uint32_t count) {
  SequenceData text = make_sequence(program, {count, count});
  std::vector<std::int32_t> ids, positions, rows, given;
  for (std::uint32_t i = 0; i < count; ++i) {
    ids.push_back(static_cast<std::int32_t>((begin + i) * 7919 * (seed + 1) % kVocabulary));
    positions.push_back(static_cast<std::int32_t>(begin + i));
    rows.push_back(static_cast<std::int32_t>(i));
    given.push_back(static_cast<std::int32_t>(i % kVocabulary));
  }
  text.windows[kIds] = bytes_of(ids);
  text.windows[kPositions] = bytes_of(positions);
  text.windows[kFrequencies] = bytes_of(std::vector<float>{1, 0.5f, 0.25f, 0.1f, 0.01f});
  text.windows[kRows] = bytes_of(rows);
  text.windows[kGiven] = bytes_of(given);
  return text;
}

}  // namespace driftwood::device::testing
