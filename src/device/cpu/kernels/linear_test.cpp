#include <gtest/gtest.h>

#include "device/cpu/test_per_isa.h"
#include "device/test_support.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

TEST(Linear, weights_of_two_dtypes_in_one_op_are_unsupported_by_name) {
  sdk::Program program;
  const sdk::Symbol row = program.symbol(4);
  const auto x = program.window(DType::f32, {row, 8});
  const auto a = program.weight("a", DType::f32, {4, 8});
  const auto b = program.weight("b", DType::bf16, {4, 8});
  program.linear(x, {a, b},
                 {program.window(DType::f32, {row, 4}), program.window(DType::f32, {row, 4})});
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("a", tensor::DType::f32, {4, 8}, std::vector<float>(32));
  weights->add("b", tensor::DType::bf16, {4, 8}, std::vector<float>(32));
  const auto device = must(open_device("cpu", {}));
  const auto executable = device->compile(decode(program), weights);
  ASSERT_FALSE(executable);
  EXPECT_EQ(executable.error().code(), ErrorCode::unsupported);
  EXPECT_NE(executable.error().message().find("Op 0 (linear)"), std::string::npos);
}

// One row, few and many take different ways, which cut depth and width differently.
class LinearRows : public PerIsa {
 protected:
  static constexpr std::uint32_t kDepth = 2 * 512 + 77, kWidth = 401, kMostRows = 50;

  void prepare(tensor::DType dtype, DType name) {
    sdk::Program program;
    const sdk::Symbol row = program.symbol(kMostRows);
    const auto x = program.window(DType::f32, {row, kDepth});
    program.linear(x, program.weight("w", name, {kWidth, kDepth}),
                   program.window(DType::f32, {row, kWidth}));
    auto weights = std::make_shared<MemoryWeights>();
    weights->add("w", dtype, {kWidth, kDepth}, Random(1).floats(std::size_t{kWidth} * kDepth));
    device_ = must(open_device("cpu", {.isa = std::string(cpu::name(GetParam()))}));
    executable_ = must(device_->compile(decode(program), weights));
    x_ = bytes_of(Random(2).floats(std::size_t{kMostRows} * kDepth));
  }

  // [rows, kWidth] of rows from `first` on.
  Bytes run(std::uint32_t first, std::uint32_t rows) {
    constexpr std::size_t kRowBytes = kDepth * sizeof(float);
    const std::size_t out_bytes = rows * kWidth * sizeof(float);
    const auto in = must(device_->allocate(rows * kRowBytes));
    const auto out = must(device_->allocate(out_bytes));
    std::memcpy(in->contents(), x_.data() + first * kRowBytes, rows * kRowBytes);
    const Sequence sequence = {
        .symbols = {rows}, .windows = {{in.get(), 0}, {out.get(), 0}}, .states = {}};
    must(device_->wait(must(device_->submit(executable_, {&sequence, 1})), 60'000'000'000));
    return Bytes(out->contents(), out->contents() + out_bytes);
  }

  void expect_rows_as_alone() {
    Bytes alone;
    for (std::uint32_t r = 0; r < kMostRows; ++r) {
      const Bytes row = run(r, 1);
      alone.insert(alone.end(), row.begin(), row.end());
    }
    for (const std::uint32_t rows : {2, 3, 4, 5, 7, 8, 9, 16, 23, 24, 25, 41, 50}) {
      const Bytes together = run(0, rows);
      EXPECT_TRUE(std::ranges::equal(together, std::span(alone).first(together.size())))
          << rows << " rows";
    }
  }

 private:
  std::unique_ptr<Device> device_;
  std::shared_ptr<const Executable> executable_;
  Bytes x_;
};

INSTANTIATE_TEST_SUITE_P(, LinearRows, kEveryIsa, isa_name);

TEST_P(LinearRows, of_f32_weights_are_the_same_bits_alone_and_beside_others) {
  prepare(tensor::DType::f32, DType::f32);
  expect_rows_as_alone();
}

TEST_P(LinearRows, of_bf16_weights_are_the_same_bits_alone_and_beside_others) {
  prepare(tensor::DType::bf16, DType::bf16);
  expect_rows_as_alone();
}

TEST_P(LinearRows, of_f16_weights_are_the_same_bits_alone_and_beside_others) {
  prepare(tensor::DType::f16, DType::f16);
  expect_rows_as_alone();
}

}  // namespace
}  // namespace driftwood::device::testing
