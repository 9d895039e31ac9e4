#include "driftwood_program.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <span>

#include "graph/program.h"

namespace driftwood::sdk {
namespace {

std::uint32_t u32_at(const std::vector<std::uint8_t>& bytes, std::size_t offset) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + offset, 4);
  return value;
}

TEST(Program, one_op_has_the_bytes_of_the_specification) {
  Program program;
  const Symbol rows = program.symbol(9);
  const Tensor x = program.window(DType::f32, {2 * rows, 64});
  const Tensor w = program.weight("ab", DType::bf16, {64});
  program.rms_norm(x, w, 0.5);
  const auto bytes = program.encode();

  // clang-format off
  const std::vector<std::uint32_t> expected = {
      0x47505744, 1, 64, 64 + 8 + 3 * 64 + 16 + 3 * 4 + 16 + 2, 1, 3, 1, 3, 1, 2, 1, 0,
      8 | 64 << 16, 16 | 16 << 16, 0, 0,                               // header
      9, 0,                                                            // symbol
      1, 2, 1, 0, 0, 0, 0, 0,  2, 0,  64, ~0u,  0, 0,  0, 0,           // x
      3, 1, 2, 0, 0, 0, 2, 0,  64, ~0u,  0, 0,  0, 0,  0, 0,           // w
      1, 2, 0, 0, 0, 0, 0, 0,  2, 0,  64, ~0u,  0, 0,  0, 0,           // what the op made
      3, 2 | 1 << 16, 1, 0,                                            // op
      0, 1, 2,                                                         // operands
      1, 1, 0, 0x3fe00000};                                            // epsilon, 0.5
  // clang-format on
  ASSERT_EQ(bytes.size(), expected.size() * 4 + 2);
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(u32_at(bytes, 4 * i), expected[i]) << i;
  EXPECT_EQ(bytes[bytes.size() - 2], 'a');
  EXPECT_EQ(bytes[bytes.size() - 1], 'b');
}

TEST(Program, windows_take_slots_in_order_and_states_are_counted_by_the_highest) {
  Program program;
  const Tensor a = program.window(DType::i32, {4});
  program.temporary(DType::f32, {4});
  const Tensor b = program.window(DType::f32, {4});
  program.state_plane(2, 5, DType::f32, 3, 8);
  EXPECT_EQ(program.slot(a), 0u);
  EXPECT_EQ(program.slot(b), 1u);
  const auto bytes = program.encode();
  EXPECT_EQ(u32_at(bytes, 40), 2u);
  EXPECT_EQ(u32_at(bytes, 44), 3u);
}

TEST(Program, a_register_is_two_tensors_of_one_slot) {
  Program program;
  program.state_register(DType::f32, {1, 8});
  const RegisterTensors second = program.state_register(DType::i32, {4});
  EXPECT_EQ(program.slot(second.before), 1u);
  EXPECT_EQ(program.slot(second.after), 1u);
  const auto bytes = program.encode();
  EXPECT_EQ(u32_at(bytes, 56), 2u);
  const std::vector<std::uint32_t> expected = {7, 1, 4, 1, 0, 0, 0, 0, 4, ~0u};
  for (std::uint32_t plane = 0; plane < 2; ++plane) {
    const std::size_t record = 64 + (second.before.index + plane) * 64;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(u32_at(bytes, record + 4 * i), i == 4 ? plane : expected[i]) << i;
    }
  }
}

TEST(Program, an_output_goes_where_it_is_sent) {
  Program program;
  const Tensor a = program.window(DType::f32, {4, 4});
  const Tensor out = program.window(DType::f32, {4, 4});
  EXPECT_EQ(program.matmul(a, a, out).index, out.index);
  EXPECT_EQ(u32_at(program.encode(), 20), 2u);  // no temporary was made
}

// The recorder gives temporaries the shapes that the host's rules expect.
TEST(Program, temporaries_of_a_network_pass_the_host_s_validation) {
  Program p;
  const Symbol rows = p.symbol(9);
  const auto weight = [&p](std::string_view name, std::initializer_list<Dim> dims) {
    return p.weight(name, DType::f32, dims);
  };
  const Tensor pixels = p.convert(p.window(DType::u8, {rows, 1, 28, 21}));
  const Conv2d stepping = {2, 1, 1, 2, 3, 0, PaddingMode::reflect};
  Tensor x =
      p.conv2d(pixels, weight("a", {6, 1, 5, 4}), weight("b", {6}), stepping);  // [6, 14, 21]
  x = p.batch_norm(p.unary(x, Function::relu), weight("c", {6}), weight("d", {6}), weight("e", {6}),
                   weight("f", {6}), 1e-5);
  x = p.pool2d(x, {Pooling::max, 3, 2, 2, 3});     // [6, 6, 7]
  x = p.linear(x, weight("g", {40, 252}));         // [40]
  x = p.multiply(p.add(x, weight("h", {40})), x);  // a bias, then squares
  x = p.softmax(p.slice(x, 3, 20));                // [20]
  p.channel_affine(x, weight("i", {20}), weight("j", {20}), p.window(DType::f32, {rows, 20}));

  const Tensor sound = p.window(DType::f32, {rows, 1, 576});
  Tensor y = p.conv1d(sound, weight("k", {258, 1, 256}), {}, {128, 0, 64, PaddingMode::reflect});
  y = p.slice(y, 129 * 4, 129 * 4);
  const Tensor h = p.window(DType::f32, {rows, 128}), c = p.window(DType::f32, {rows, 128});
  const LstmState next = p.lstm_cell(
      y, {h, c},
      {weight("l", {512, 516}), weight("m", {512, 128}), weight("n", {512}), weight("o", {512})});
  p.layer_norm(next.h, weight("p", {128}), weight("q", {128}), 1e-5,
               p.window(DType::f32, {rows, 128}));
  p.unary(next.c, Function::tanh, p.window(DType::f32, {rows, 128}));
  const auto bytes = p.encode();
  const auto decoded = graph::decode_program(std::as_bytes(std::span(bytes)));
  EXPECT_TRUE(decoded) << decoded.error().message();
}

}  // namespace
}  // namespace driftwood::sdk
