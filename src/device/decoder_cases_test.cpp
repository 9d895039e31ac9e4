// Conformance cases of the ops of a decoder.
#include <cmath>

#include "device/test_case_lists.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;
using std::to_string;

}  // namespace

ConformanceCase attention_case(tensor::DType dtype, AttentionShape shape,
                               std::initializer_list<std::uint32_t> rows) {
  CaseMaker make(
      "attention", dtype,
      to_string(shape.query_heads) + "x" + to_string(shape.heads) + "x" + to_string(shape.width));
  sdk::Program& program = make.program();
  const auto q = make.floats({make.rows(), shape.query_heads, shape.width});
  const auto k = make.floats({make.rows(), shape.heads, shape.width});
  const auto v = make.floats({make.rows(), shape.heads, shape.width});
  const auto keys = program.state_plane(0, 0, sdk_dtype(dtype), shape.heads, shape.width);
  const auto values = program.state_plane(0, 1, sdk_dtype(dtype), shape.heads, shape.width);
  program.append_rows(k, keys);
  program.append_rows(v, values);
  program.attention(q, keys, values, 1 / std::sqrt(static_cast<double>(shape.width)),
                    make.result({make.rows(), shape.query_heads, shape.width}));
  return make.sequences(rows);
}

ConformanceCase gather_rows_case(tensor::DType dtype, std::uint32_t width, bool from_window,
                                 std::initializer_list<std::uint32_t> rows) {
  constexpr std::uint32_t kCount = 23;
  CaseMaker make("gather_rows", dtype, to_string(width) + (from_window ? "/window" : "/weight"));
  const auto ids = make.indices({make.rows()}, kCount);
  const auto table =
      from_window ? make.stored_floats({kCount, width}) : make.weight({kCount, width});
  make.program().gather_rows(table, ids, make.result({make.rows(), width}));
  return make.sequences(rows);
}

ConformanceCase select_rows_case(std::uint32_t width) {
  ConformanceCase one{.name = "select_rows/" + to_string(width)};
  const sdk::Symbol row = one.program.symbol(100), chosen = one.program.symbol(100);
  const auto x = one.program.window(DType::f32, {row, width});
  const auto indices = one.program.window(DType::i32, {chosen});
  one.program.select_rows(x, indices, one.program.window(DType::f32, {chosen, width}));
  Random random(width);
  const auto program = decode(one.program);
  for (const auto& [rows, count] : {std::pair{5u, 3u}, {70u, 1u}, {4u, 0u}, {0u, 0u}, {1u, 6u}}) {
    one.sequences.push_back(make_sequence(*program, {rows, count}));
    std::vector<Bytes>& windows = one.sequences.back().windows;
    windows[0] = bytes_of(random.floats(std::size_t{rows} * width));
    if (rows > 0) windows[1] = bytes_of(random.indices(count, static_cast<std::int32_t>(rows)));
  }
  return one;
}

ConformanceCase top_logits_case(std::uint32_t width, std::uint32_t best, std::uint32_t given,
                                std::initializer_list<std::uint32_t> rows) {
  CaseMaker make("top_logits", to_string(width) + "x" + to_string(best));
  const auto row = make.rows();
  const auto logits = make.floats({row, width}, 4);
  const auto ids = make.indices({row, given}, static_cast<std::int32_t>(width));
  make.program().top_logits(
      logits, ids, best,
      sdk::TopLogits{make.result({row, best}, DType::i32), make.result({row, best}),
                     make.result({row}), make.result({row, given})});
  return make.sequences(rows);
}

namespace {

ConformanceCase matmul_case(std::uint32_t depth, std::uint32_t width) {
  CaseMaker make("matmul", to_string(depth) + "x" + to_string(width));
  const auto a = make.floats({make.rows(), depth}), b = make.floats({depth, width});
  make.program().matmul(a, b, make.result({make.rows(), width}));
  return make.sequences({3, 0, 70, 1});
}

ConformanceCase rms_norm_case(tensor::DType dtype, std::uint32_t width) {
  CaseMaker make("rms_norm", dtype, to_string(width));
  const auto x = make.floats({make.rows(), width});
  make.program().rms_norm(x, make.weight({width}), 1e-5, make.result({make.rows(), width}));
  return make.sequences({3, 0, 70, 1});
}

ConformanceCase linear_case(tensor::DType dtype, std::uint32_t depth,
                            const std::vector<std::uint32_t>& widths,
                            std::initializer_list<std::uint32_t> rows) {
  std::string detail = to_string(depth);
  for (const std::uint32_t width : widths) detail += "x" + to_string(width);
  CaseMaker make("linear", dtype, detail);
  const auto x = make.floats({make.rows(), depth});
  std::vector<sdk::Tensor> weights, outs;
  for (const std::uint32_t width : widths) {
    weights.push_back(make.weight({width, depth}));
    outs.push_back(make.result({make.rows(), width}));
  }
  make.program().linear(x, weights, outs);
  return make.sequences(rows);
}

ConformanceCase rope_case(std::uint32_t heads, std::uint32_t width, std::uint32_t pairs,
                          sdk::Pairing pairing) {
  CaseMaker make("rope", to_string(heads) + "x" + to_string(width) + "x" + to_string(pairs) +
                             (pairing == sdk::Pairing::halves ? "/halves" : "/neighbours"));
  const auto x = make.floats({make.rows(), heads, width});
  const auto positions = make.indices({make.rows()}, 1 << 20);
  const auto frequencies = make.positive_floats({pairs});
  make.program().rope(x, positions, frequencies, pairing, make.result({make.rows(), heads, width}));
  return make.sequences({3, 0, 70, 1});
}

ConformanceCase swiglu_case(std::uint32_t width, float scale) {
  CaseMaker make("swiglu", to_string(width) + "/" + to_string(static_cast<int>(scale)));
  const auto gate = make.floats({make.rows(), width}, scale);
  const auto up = make.floats({make.rows(), width});
  make.program().swiglu(gate, up, make.result({make.rows(), width}));
  return make.sequences({3, 0, 70, 1});
}

// Logits that a rule of the op decides about, put into the first sequence.
ConformanceCase ranked_case(const std::string& name, std::uint32_t width, std::uint32_t best,
                            const std::vector<float>& logits) {
  const auto rows = static_cast<std::uint32_t>(logits.size() / width);
  ConformanceCase one = top_logits_case(width, best, 1, {rows});
  one.name += "/" + name;
  one.sequences[0].windows[0] = bytes_of(logits);
  return one;
}

}  // namespace

std::vector<ConformanceCase> matmul_cases() {
  std::vector<ConformanceCase> cases;
  for (const std::uint32_t depth : {1u, 17u, 128u}) {
    for (const std::uint32_t width : {1u, 15u, 16u, 130u}) {
      cases.push_back(matmul_case(depth, width));
    }
  }
  return cases;
}

std::vector<ConformanceCase> gather_rows_cases() {
  std::vector<ConformanceCase> cases;
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const std::uint32_t width : {1u, 16u, 100u}) {
      cases.push_back(gather_rows_case(dtype, width, false, {3, 0, 70, 1}));
      cases.push_back(gather_rows_case(dtype, width, true, {3, 0, 70, 1}));
    }
    cases.push_back(gather_rows_case(dtype, 2049, false, {3, 1}));
  }
  return cases;
}

std::vector<ConformanceCase> rms_norm_cases() {
  std::vector<ConformanceCase> cases;
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const std::uint32_t width : {1u, 15u, 16u, 100u, 2049u}) {
      cases.push_back(rms_norm_case(dtype, width));
    }
  }
  cases.push_back(rms_norm_case(tensor::DType::f32, 20));
  cases.back().name += "/zeros";
  for (SequenceData& sequence : cases.back().sequences) {
    std::ranges::fill(sequence.windows[0], std::byte{0});
  }
  return cases;
}

std::vector<ConformanceCase> linear_cases() {
  std::vector<ConformanceCase> cases;
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const std::uint32_t depth : {1u, 15u, 16u, 33u, 200u, 600u}) {
      cases.push_back(linear_case(dtype, depth, {37}, {3, 0, 70, 1}));
    }
    cases.push_back(linear_case(dtype, 72, {33}, {300, 2}));
    cases.push_back(linear_case(dtype, 4360, {19, 5}, {1}));
  }
  for (const std::uint32_t width : {1u, 3u, 4u, 7u, 15u, 16u, 17u, 300u}) {
    cases.push_back(linear_case(tensor::DType::bf16, 130, {width}, {1}));
  }
  // More outputs than a GPU does at once, of a row of one piece, and of two and a rest.
  cases.push_back(linear_case(tensor::DType::bf16, 2048, {4130, 33}, {1}));
  cases.push_back(linear_case(tensor::DType::bf16, 4104, {4130}, {1}));
  cases.push_back(linear_case(tensor::DType::f32, 64, {64, 16}, {5, 1}));
  cases.push_back(linear_case(tensor::DType::f16, 48, {5, 1, 33, 16}, {26, 2}));
  return cases;
}

std::vector<ConformanceCase> rope_cases() {
  std::vector<ConformanceCase> cases;
  for (const sdk::Pairing pairing : {sdk::Pairing::halves, sdk::Pairing::neighbours}) {
    cases.push_back(rope_case(4, 64, 32, pairing));
    cases.push_back(rope_case(1, 7, 2, pairing));
    cases.push_back(rope_case(2, 300, 130, pairing));
  }
  return cases;
}

std::vector<ConformanceCase> attention_cases() {
  std::vector<ConformanceCase> cases;
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const AttentionShape shape :
         {AttentionShape{4, 4, 16}, {8, 2, 64}, {3, 1, 7}, {24, 2, 100}, {2, 1, 80}}) {
      cases.push_back(attention_case(dtype, shape, {3, 0, 70, 1, 16, 17}));
    }
    cases.push_back(attention_case(dtype, {4, 2, 16}, {300, 1, 257}));
  }
  return cases;
}

std::vector<ConformanceCase> swiglu_cases() {
  std::vector<ConformanceCase> cases;
  for (const std::uint32_t width : {1u, 15u, 16u, 33u, 3001u})
    cases.push_back(swiglu_case(width, 3));
  cases.push_back(swiglu_case(200, 100));  // reaches the ends of exp
  return cases;
}

std::vector<ConformanceCase> select_rows_cases() {
  std::vector<ConformanceCase> cases;
  for (const std::uint32_t width : {1u, 16u, 100u}) cases.push_back(select_rows_case(width));
  return cases;
}

std::vector<ConformanceCase> top_logits_cases() {
  std::vector<ConformanceCase> cases;
  cases.push_back(top_logits_case(1, 1, 1, {1, 0, 3}));
  cases.push_back(top_logits_case(17, 17, 2, {3, 0, 70, 1}));
  cases.push_back(top_logits_case(1000, 5, 1, {3, 1}));
  cases.push_back(top_logits_case(5003, 256, 1, {2}));
  cases.push_back(top_logits_case(1500, 256, 1, {258, 3}));
  cases.push_back(top_logits_case(131077, 256, 1, {1}));
  std::vector<float> equal(600), many_equal(20000), ranked(2000);
  for (std::size_t i = 0; i < 600; ++i) equal[i] = static_cast<float>(i % 3);
  for (std::size_t i = 0; i < 20000; ++i) many_equal[i] = static_cast<float>(i % 3);
  for (std::size_t i = 0; i < 1000; ++i) {
    ranked[i] = ranked[1999 - i] = static_cast<float>(i) / 100;
  }
  cases.push_back(ranked_case("equal", 300, 7, equal));
  std::vector<float> equal_rows;
  for (int i = 0; i < 150; ++i) equal_rows.insert(equal_rows.end(), equal.begin(), equal.end());
  cases.push_back(ranked_case("equal_in_many_rows", 300, 7, equal_rows));
  for (const std::uint32_t width : {5000u, 20000u}) {
    const std::vector<float> logits(many_equal.begin(), many_equal.begin() + width);
    cases.push_back(ranked_case("thousands_equal", width, 256, logits));
  }
  cases.push_back(ranked_case("ascending_and_descending", 1000, 256, ranked));
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> infinite(20, -kInfinity);
  cases.push_back(ranked_case("all_minus_infinity", 20, 3, infinite));
  infinite[7] = kInfinity;
  cases.push_back(ranked_case("infinity", 20, 3, infinite));
  std::vector<float> zeros(260 * 20);  // of both signs
  for (std::size_t i = 0; i < zeros.size(); i += 3) zeros[i] = -0.0f;
  std::ranges::copy(infinite, zeros.begin() + 20);
  std::fill_n(zeros.begin() + 40, 20, -kInfinity);
  cases.push_back(ranked_case("zeros_and_infinities_in_many_rows", 20, 3, zeros));
  return cases;
}

}  // namespace driftwood::device::testing
