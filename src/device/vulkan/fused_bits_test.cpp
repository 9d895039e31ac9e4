// Kernels that do two ops have the bits of one after the other: an observer has the ops done one by
// one.
#include <gtest/gtest.h>

#include "device/test_case_run.h"
#include "device/test_tolerance.h"
#include "device/test_validation.h"

namespace driftwood::device::vulkan {
namespace {

using namespace testing;
using sdk::DType;

constexpr std::uint32_t kHeads = 2, kDim = 24, kWidth = kHeads * kDim, kWide = 100;

// A decoder's layer: all ops that are done together anywhere. The product of `middle` has no norm
// before it, so that linear and swiglu are seen by themselves.
ConformanceCase layer_case(tensor::DType dtype, std::uint32_t rows) {
  ConformanceCase one{.name = "layer", .dtype = dtype};
  sdk::Program& program = one.program;
  Random random(7);
  const auto weight = [&](const std::string& name, std::uint32_t outputs, std::uint32_t inputs) {
    one.weights->add(name, dtype, {outputs, inputs}, random.floats(outputs * inputs, 0.2f));
    return program.weight(name, sdk_dtype(dtype), {outputs, inputs});
  };
  const sdk::Symbol row = program.symbol(64);
  const auto x = program.window(DType::f32, {row, kWidth});
  const auto positions = program.window(DType::i32, {row});
  const auto frequencies = program.window(DType::f32, {kDim / 2});
  const auto y = program.window(DType::f32, {row, kWidth});
  const auto keys = program.state_plane(0, 0, sdk_dtype(dtype), kHeads, kDim);
  const auto values = program.state_plane(0, 1, sdk_dtype(dtype), kHeads, kDim);

  const auto head_rows = [&] { return program.temporary(DType::f32, {row, kHeads, kDim}); };
  const auto q = head_rows(), k = head_rows(), v = head_rows();
  const auto norm = [&](sdk::Tensor tensor, const std::string& name) {
    one.weights->add(name, dtype, {kWidth}, random.floats(kWidth, 0.5f));
    return program.rms_norm(tensor, program.weight(name, sdk_dtype(dtype), {kWidth}), 1e-5);
  };
  program.linear(
      norm(x, "norm"),
      {weight("q", kWidth, kWidth), weight("k", kWidth, kWidth), weight("v", kWidth, kWidth)},
      {q, k, v});
  const auto turned = program.rope(q, positions, frequencies, sdk::Pairing::halves);
  program.append_rows(program.rope(k, positions, frequencies, sdk::Pairing::halves), keys);
  program.append_rows(v, values);
  const auto attended = program.attention(turned, keys, values, 0.2);
  const auto mixed = program.temporary(DType::f32, {row, kWidth});
  program.linear(attended, weight("o", kWidth, kWidth), mixed);
  const auto middle = program.add(x, mixed);
  const auto gate = program.temporary(DType::f32, {row, kWide});
  const auto up = program.temporary(DType::f32, {row, kWide});
  program.linear(middle, {weight("gate", kWide, kWidth), weight("up", kWide, kWidth)}, {gate, up});
  const auto out =
      program.add(middle, program.linear(program.swiglu(gate, up), weight("down", kWidth, kWide)));
  const auto last_gate = program.temporary(DType::f32, {row, kWidth});
  const auto last_up = program.temporary(DType::f32, {row, kWidth});
  program.linear(norm(out, "last norm"),
                 {weight("last gate", kWidth, kWidth), weight("last up", kWidth, kWidth)},
                 {last_gate, last_up});
  program.swiglu(last_gate, last_up, y);

  SequenceData sequence = make_sequence(*decode(program), {rows});
  sequence.windows[0] = bytes_of(random.floats(rows * kWidth));
  std::vector<std::int32_t> places(rows);
  for (std::uint32_t i = 0; i < rows; ++i) places[i] = static_cast<std::int32_t>(i);
  sequence.windows[1] = bytes_of(places);
  sequence.windows[2] = bytes_of(random.floats(kDim / 2));
  one.sequences.push_back(std::move(sequence));
  return one;
}

TEST(FusedBits, are_those_of_one_op_after_the_other) {
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const std::uint32_t rows : {1u, 3u, 20u}) {
      SCOPED_TRACE(std::string(tensor::name(dtype)) + ", " + std::to_string(rows) + " rows");
      const ConformanceCase one = layer_case(dtype, rows);
      auto device = open_device("vulkan", checked_options());
      if (!device) GTEST_SKIP() << device.error().message();
      CaseRun run = must(CaseRun::create(one, *std::move(device)));
      const auto together = run.run(one.sequences);
      std::size_t ops = 0;
      must(run.device().observe([&](const OpEvent&) { ++ops; }));
      const auto apart = run.run(one.sequences);
      EXPECT_EQ(ops, decode(one.program)->ops.size());
      expect_same_bits(together, apart, "two ops in one kernel");
      expect_like_reference(one, together);
    }
  }
}

}  // namespace
}  // namespace driftwood::device::vulkan
