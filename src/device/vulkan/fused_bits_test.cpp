// Kernels that do several ops have the bits of one after the other: an observer has the ops done
// one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "device/test_case_rows.h"
#include "device/test_case_run.h"
#include "device/test_tolerance.h"
#include "device/vulkan/test_driver.h"
#include "device/vulkan/vulkan_device.h"

namespace driftwood::device::vulkan {
namespace {

using namespace device::testing;
using sdk::DType;

using testing::Driver;

// A decoder's layer: all ops that are done together anywhere. The product of `middle` has no norm
// before it, so that linear and swiglu are seen by themselves.
ConformanceCase layer_case(tensor::DType dtype, std::uint32_t heads, std::uint32_t dim,
                           std::uint32_t rows, std::uint32_t wider = 4) {
  const std::uint32_t width = heads * dim, wide = 2 * width + wider;
  ConformanceCase one{.name = "layer", .dtype = dtype};
  sdk::Program& program = one.program;
  Random random(7);
  const auto weight = [&](const std::string& name, std::uint32_t outputs, std::uint32_t inputs) {
    one.weights->add(name, dtype, {outputs, inputs}, random.floats(outputs * inputs, 0.2f));
    return program.weight(name, sdk_dtype(dtype), {outputs, inputs});
  };
  const sdk::Symbol row = program.symbol(64);
  const auto x = program.window(DType::f32, {row, width});
  const auto positions = program.window(DType::i32, {row});
  const auto frequencies = program.window(DType::f32, {dim / 2});
  const auto y = program.window(DType::f32, {row, width});
  const auto keys = program.state_plane(0, 0, sdk_dtype(dtype), heads, dim);
  const auto values = program.state_plane(0, 1, sdk_dtype(dtype), heads, dim);

  const auto head_rows = [&] { return program.temporary(DType::f32, {row, heads, dim}); };
  const auto q = head_rows(), k = head_rows(), v = head_rows();
  const auto norm = [&](sdk::Tensor tensor, const std::string& name) {
    one.weights->add(name, dtype, {width}, random.floats(width, 0.5f));
    return program.rms_norm(tensor, program.weight(name, sdk_dtype(dtype), {width}), 1e-5);
  };
  program.linear(norm(x, "norm"),
                 {weight("q", width, width), weight("k", width, width), weight("v", width, width)},
                 {q, k, v});
  const auto turned = program.rope(q, positions, frequencies, sdk::Pairing::halves);
  program.append_rows(program.rope(k, positions, frequencies, sdk::Pairing::halves), keys);
  program.append_rows(v, values);
  const auto attended = program.attention(turned, keys, values, 0.2);
  const auto mixed = program.temporary(DType::f32, {row, width});
  program.linear(attended, weight("o", width, width), mixed);
  const auto middle = program.add(x, mixed);
  const auto gate = program.temporary(DType::f32, {row, wide});
  const auto up = program.temporary(DType::f32, {row, wide});
  program.linear(middle, {weight("gate", wide, width), weight("up", wide, width)}, {gate, up});
  const auto out =
      program.add(middle, program.linear(program.swiglu(gate, up), weight("down", width, wide)));
  const auto last_gate = program.temporary(DType::f32, {row, width});
  const auto last_up = program.temporary(DType::f32, {row, width});
  program.linear(norm(out, "last norm"),
                 {weight("last gate", width, width), weight("last up", width, width)},
                 {last_gate, last_up});
  program.swiglu(last_gate, last_up, y);

  SequenceData sequence = make_sequence(*decode(program), {rows});
  sequence.windows[0] = bytes_of(random.floats(rows * width));
  std::vector<std::int32_t> places(rows);
  for (std::uint32_t i = 0; i < rows; ++i) places[i] = static_cast<std::int32_t>(i);
  sequence.windows[1] = bytes_of(places);
  sequence.windows[2] = bytes_of(random.floats(dim / 2));
  one.sequences.push_back(std::move(sequence));
  return one;
}

// A norm before as many weights as linear takes.
ConformanceCase four_weights_case(tensor::DType dtype) {
  constexpr std::uint32_t kWidth = 40;
  ConformanceCase one{.name = "four weights", .dtype = dtype};
  Random random(3);
  const sdk::Symbol row = one.program.symbol(8);
  const auto x = one.program.window(DType::f32, {row, kWidth});
  std::vector<sdk::Tensor> weights, outs;
  for (std::uint32_t i = 0; i < 4; ++i) {
    const std::string name = std::to_string(i);
    one.weights->add(name, dtype, {10 + i, kWidth}, random.floats((10 + i) * kWidth));
    weights.push_back(one.program.weight(name, sdk_dtype(dtype), {10 + i, kWidth}));
    outs.push_back(one.program.window(DType::f32, {row, 10 + i}));
  }
  one.weights->add("norm", dtype, {kWidth}, random.floats(kWidth));
  const auto norm = one.program.weight("norm", sdk_dtype(dtype), {kWidth});
  one.program.linear(one.program.rms_norm(x, norm, 1e-5), weights, outs);
  one.sequences.push_back(make_sequence(*decode(one.program), {1}));
  one.sequences[0].windows[0] = bytes_of(random.floats(kWidth));
  return one;
}

// Rows of x in pieces of 2,048 and a rest, and more outputs than 256 workgroups have at once.
ConformanceCase wide_case(tensor::DType dtype, std::uint32_t depth) {
  constexpr std::uint32_t kMany = 4104, kHalf = 2064;
  ConformanceCase one{.name = "wide", .dtype = dtype};
  Random random(5);
  sdk::Program& program = one.program;
  const sdk::Symbol row = program.symbol(8);
  const auto x = program.window(DType::f32, {row, depth});
  const auto z = program.window(DType::f32, {row, kHalf});
  const auto weight = [&](const std::string& name, std::uint32_t outputs) {
    one.weights->add(name, dtype, {outputs, depth}, random.floats(outputs * depth, 0.2f));
    return program.weight(name, sdk_dtype(dtype), {outputs, depth});
  };
  one.weights->add("norm", dtype, {depth}, random.floats(depth));
  const auto norm = program.weight("norm", sdk_dtype(dtype), {depth});
  program.linear(program.rms_norm(x, norm, 1e-5), weight("many", kMany),
                 program.window(DType::f32, {row, kMany}));
  const auto gate = program.temporary(DType::f32, {row, kHalf});
  const auto up = program.temporary(DType::f32, {row, kHalf});
  program.linear(program.rms_norm(x, norm, 1e-5), {weight("gate", kHalf), weight("up", kHalf)},
                 {gate, up});
  program.swiglu(gate, up, program.window(DType::f32, {row, kHalf}));
  program.add(z, program.linear(x, weight("half", kHalf)),
              program.window(DType::f32, {row, kHalf}));
  one.sequences.push_back(make_sequence(*decode(program), {1}));
  one.sequences[0].windows[0] = bytes_of(random.floats(depth));
  one.sequences[0].windows[1] = bytes_of(random.floats(kHalf));
  return one;
}

// Attention over what rope has turned.
ConformanceCase turned_case(tensor::DType dtype, AttentionShape shape, std::uint32_t rows) {
  const auto& [query_heads, heads, dim] = shape;
  ConformanceCase one{.name = "turned", .dtype = dtype};
  Random random(dim);
  sdk::Program& program = one.program;
  const sdk::Symbol row = program.symbol(512);
  const auto q = program.window(DType::f32, {row, query_heads, dim});
  const auto k = program.window(DType::f32, {row, heads, dim});
  const auto v = program.window(DType::f32, {row, heads, dim});
  const auto positions = program.window(DType::i32, {row});
  const auto frequencies = program.window(DType::f32, {dim / 2});
  const auto keys = program.state_plane(0, 0, sdk_dtype(dtype), heads, dim);
  const auto values = program.state_plane(0, 1, sdk_dtype(dtype), heads, dim);
  const auto turned = program.rope(q, positions, frequencies, sdk::Pairing::halves);
  program.append_rows(program.rope(k, positions, frequencies, sdk::Pairing::halves), keys);
  program.append_rows(v, values);
  program.attention(turned, keys, values, 0.2, program.window(DType::f32, {row, query_heads, dim}));
  SequenceData sequence = make_sequence(*decode(program), {rows});
  for (const std::size_t w : {0u, 1u, 2u}) {
    sequence.windows[w] = bytes_of(random.floats(sequence.windows[w].size() / sizeof(float)));
  }
  std::vector<std::int32_t> places(rows);
  std::iota(places.begin(), places.end(), 0);
  sequence.windows[3] = bytes_of(places);
  sequence.windows[4] = bytes_of(random.floats(dim / 2));
  one.sequences.push_back(std::move(sequence));
  return one;
}

// A norm of some rows of several sequences.
ConformanceCase chosen_norm_case(tensor::DType dtype, std::uint32_t width) {
  ConformanceCase one{.name = "chosen norm", .dtype = dtype};
  Random random(width);
  const sdk::Symbol row = one.program.symbol(8), chosen = one.program.symbol(8);
  const auto x = one.program.window(DType::f32, {row, width});
  const auto indices = one.program.window(DType::i32, {chosen});
  const auto y = one.program.window(DType::f32, {chosen, width});
  one.weights->add("norm", dtype, {width}, random.floats(width));
  one.program.rms_norm(one.program.select_rows(x, indices),
                       one.program.weight("norm", sdk_dtype(dtype), {width}), 1e-5, y);
  const auto program = decode(one.program);
  for (const auto& [rows, count] : {std::pair{5u, 3u}, {1u, 1u}, {4u, 0u}}) {
    one.sequences.push_back(make_sequence(*program, {rows, count}));
    std::vector<Bytes>& windows = one.sequences.back().windows;
    windows[0] = bytes_of(random.floats(std::size_t{rows} * width));
    windows[1] = bytes_of(random.indices(count, static_cast<std::int32_t>(rows)));
  }
  return one;
}

// `kernels`: how many do the ops together. The results, which go through many ops, are also close
// to the reference, unless a state rounds long sums: a last bit decides there how.
void expect_same_bits_one_by_one(const ConformanceCase& one, int kernels, bool is_close = true) {
  Driver driver;
  auto device = open_vulkan_device({.instance = driver.options()});
  if (!device) GTEST_SKIP() << device.error().message();
  CaseRun run = must(CaseRun::create(one, *std::move(device)));
  driver.break_call({});
  const auto together = run.run(one.sequences);
  EXPECT_EQ(driver.calls("CmdDispatchIndirect"), kernels);
  std::size_t ops = 0;
  must(run.device().observe([&](const OpEvent&) { ++ops; }));
  const auto apart = run.run(one.sequences);
  EXPECT_EQ(ops, decode(one.program)->ops.size());
  expect_same_bits(together, apart, "several ops in one kernel");
  if (is_close) expect_like_reference(one, together);
}

TEST(FusedBits, are_those_of_one_op_after_the_other) {
  for (const tensor::DType dtype : kWeightDTypes) {
    SCOPED_TRACE(tensor::name(dtype));
    expect_same_bits_one_by_one(layer_case(dtype, 2, 24, 1), 6);
    expect_same_bits_one_by_one(layer_case(dtype, 2, 24, 3), 15);
    expect_same_bits_one_by_one(layer_case(dtype, 2, 24, 20), 15);
    expect_same_bits_one_by_one(four_weights_case(dtype), 1);
    expect_same_bits_one_by_one(chosen_norm_case(dtype, 40), 1);
    expect_same_bits_one_by_one(chosen_norm_case(dtype, 2049), 1);
  }
}

TEST(FusedBits, are_so_at_widths_that_are_loaded_otherwise) {
  expect_same_bits_one_by_one(layer_case(tensor::DType::bf16, 2, 25, 1), 6);   // by elements
  expect_same_bits_one_by_one(layer_case(tensor::DType::bf16, 4, 280, 1), 6);  // four steps at once
}

TEST(FusedBits, are_so_where_a_row_has_pieces_of_2048_and_a_head_more_elements_than_threads) {
  expect_same_bits_one_by_one(layer_case(tensor::DType::bf16, 2, 1024, 1, 264), 6, false);
  expect_same_bits_one_by_one(layer_case(tensor::DType::f16, 2, 1024, 1, 264), 6, false);
  expect_same_bits_one_by_one(layer_case(tensor::DType::f32, 2, 1024, 1, 264), 6);
}

TEST(FusedBits, are_so_where_workgroups_take_block_after_block) {
  expect_same_bits_one_by_one(wide_case(tensor::DType::bf16, 4104), 3);
  expect_same_bits_one_by_one(wide_case(tensor::DType::f32, 2056), 3);
}

// Positions 0 to 39 and 247 to 255 by the kernel of one row in one span, 40 to 246 together, and
// 256 and 257 by the kernels of two spans.
TEST(FusedBits, of_turned_attention_are_those_of_all_rows_at_once) {
  constexpr std::uint32_t kRows = 258, kSteps = 40, kOnce = 247;
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const AttentionShape shape :
         {AttentionShape{10, 2, 64}, {3, 1, 32}, {4, 4, 96}, {2, 1, 40}}) {
      const ConformanceCase one = turned_case(dtype, shape, kRows);
      SCOPED_TRACE(::testing::Message() << tensor::name(dtype) << ", heads of " << shape.width);
      Driver driver;
      auto device = open_vulkan_device({.instance = driver.options()});
      if (!device) GTEST_SKIP() << device.error().message();
      CaseRun run = must(CaseRun::create(one, *std::move(device)));
      const graph::Program& program = run.executable()->program();
      const SequenceData whole = run.run(one.sequences)[0];
      SequenceData step = take_rows(program, whole, 0, 0);
      run.add_states(step);
      const std::vector<AppendState*> states = step.states;
      for (std::uint32_t begin = 0, end = 1; begin < kRows; begin = end, ++end) {
        if (begin == kSteps) end = kOnce;
        std::vector<SequenceData> part = {take_rows(program, whole, begin, end)};
        std::ranges::fill(part[0].windows[5], std::byte{0});
        part[0].states = states;
        driver.break_call({});
        must(device::testing::run(run.device(), run.executable(), part));
        if (begin == 0 || begin == kOnce) EXPECT_EQ(driver.calls("CmdDispatchIndirect"), 1);
        expect_same_bits(part, {take_rows(program, whole, begin, end)},
                         "rows from " + std::to_string(begin));
      }
    }
  }
}

}  // namespace
}  // namespace driftwood::device::vulkan
