#include "vad/program.h"

#include <string>

namespace driftwood::guests::vad {
namespace {

using sdk::DType;
using sdk::Function;
using sdk::Program;
using sdk::Tensor;

// The transform: 129 frequencies over 256 samples, moved on by 128. The checkpoint holds it as a
// convolution that gives the real parts and then the imaginary ones.
constexpr std::uint32_t kFrequencies = 129, kTransformSamples = 256, kHop = 128;
constexpr std::uint32_t kTimes = 4;
constexpr std::uint32_t kReflectedSamples = 64;  // at the end of the frame

// [1, 129, 4]: the magnitude of each frequency at four times of the frame.
Tensor magnitudes(Program& p, Tensor samples) {
  const Tensor transform =
      p.weight("stft_conv.weight", DType::f32, {2 * kFrequencies, 1, kTransformSamples});
  const Tensor both = p.conv1d(
      samples, transform, {},
      {.stride = kHop, .pad_after = kReflectedSamples, .padding = sdk::PaddingMode::reflect});
  const auto squared = [&](std::uint32_t begin) {
    const Tensor part = p.slice(both, begin * kTimes, kFrequencies * kTimes,
                                p.temporary(DType::f32, {1, kFrequencies, kTimes}));
    return p.multiply(part, part);
  };
  return p.unary(p.add(squared(0), squared(kFrequencies)), Function::sqrt);
}

Tensor convolve(Program& p, Tensor x, const std::string& name, std::uint32_t from, std::uint32_t to,
                std::uint32_t stride) {
  const Tensor weight = p.weight(name + ".weight", DType::f32, {to, from, 3});
  const Tensor bias = p.weight(name + ".bias", DType::f32, {to});
  return p.unary(p.conv1d(x, weight, bias, {.stride = stride, .pad_before = 1, .pad_after = 1}),
                 Function::relu);
}

sdk::LstmWeights lstm_weights(Program& p) {
  constexpr std::uint32_t kGates = 4 * kStateSize;
  return {p.weight("lstm_cell.weight_ih", DType::f32, {kGates, kStateSize}),
          p.weight("lstm_cell.weight_hh", DType::f32, {kGates, kStateSize}),
          p.weight("lstm_cell.bias_ih", DType::f32, {kGates}),
          p.weight("lstm_cell.bias_hh", DType::f32, {kGates})};
}

}  // namespace

Detector record_detector() {
  Program p;
  const Tensor samples = p.window(DType::f32, {1, 1, kContextSamples + kFrameSamples});
  const Tensor probability = p.window(DType::f32, {1, 1, 1});
  const auto h = p.state_register(DType::f32, {1, kStateSize, 1});
  const auto c = p.state_register(DType::f32, {1, kStateSize, 1});
  Tensor x = magnitudes(p, samples);
  x = convolve(p, x, "conv1", kFrequencies, 128, 1);
  x = convolve(p, x, "conv2", 128, 64, 2);
  x = convolve(p, x, "conv3", 64, 64, 2);
  x = convolve(p, x, "conv4", 64, kStateSize, 1);
  p.lstm_cell(x, {h.before, c.before}, lstm_weights(p), sdk::LstmState{h.after, c.after});
  x = p.unary(h.after, Function::relu);
  x = p.conv1d(x, p.weight("final_conv.weight", DType::f32, {1, kStateSize, 1}),
               p.weight("final_conv.bias", DType::f32, {1}));
  p.unary(x, Function::sigmoid, probability);
  return {std::move(p), samples, probability, h, c};
}

}  // namespace driftwood::guests::vad
