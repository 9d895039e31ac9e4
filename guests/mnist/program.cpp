#include "mnist/program.h"

#include <string>

namespace driftwood::guests::mnist {
namespace {

using sdk::DType;
using sdk::Program;
using sdk::Tensor;

constexpr double kEpsilon = 1e-5;

std::string weight_name(int layer, const char* what) {
  return "layers." + std::to_string(layer) + "." + what;
}

// [convolution, ReLU], the weights being those of `layer`.
Tensor convolve(Program& program, Tensor x, int layer, std::uint32_t from, std::uint32_t to,
                std::uint32_t side) {
  const Tensor weight =
      program.weight(weight_name(layer, "weight"), DType::f32, {to, from, side, side});
  const Tensor bias = program.weight(weight_name(layer, "bias"), DType::f32, {to});
  return program.unary(program.conv2d(x, weight, bias), sdk::Function::relu);
}

// Batch norm and max pool, the weights being those of `layer`.
Tensor reduce(Program& program, Tensor x, int layer, std::uint32_t channels) {
  const auto weight = [&](const char* what) {
    return program.weight(weight_name(layer, what), DType::f32, {channels});
  };
  const Tensor normed = program.batch_norm(x, weight("weight"), weight("bias"),
                                           weight("running_mean"), weight("running_var"), kEpsilon);
  return program.pool2d(normed, {});
}

}  // namespace

Recogniser record_recogniser() {
  Program program;
  const sdk::Symbol rows = program.symbol(kMostRows);
  const Tensor pixels = program.window(DType::u8, {rows, 1, kSide, kSide});
  Tensor x = program.convert(pixels);
  x = convolve(program, x, 0, 1, 32, 5);
  x = convolve(program, x, 2, 32, 32, 5);
  x = reduce(program, x, 4, 32);
  x = convolve(program, x, 6, 32, 64, 3);
  x = convolve(program, x, 8, 64, 64, 3);
  x = reduce(program, x, 10, 64);
  x = program.linear(x, program.weight(weight_name(13, "weight"), DType::f32, {kDigits, 576}));
  const Tensor logits = program.window(DType::f32, {rows, kDigits});
  program.add(x, program.weight(weight_name(13, "bias"), DType::f32, {kDigits}), logits);
  return {std::move(program), pixels, logits};
}

}  // namespace driftwood::guests::mnist
