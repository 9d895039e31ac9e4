// Conformance cases of the ops of networks that are no decoders.
#include "device/test_case_lists.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;
using std::to_string;

ConformanceCase pair_case(const std::string& op, std::uint32_t width) {
  CaseMaker make(op, to_string(width));
  const auto a = make.floats({make.rows(), width}), b = make.floats({make.rows(), width});
  const auto y = make.result({make.rows(), width});
  op == "add" ? make.program().add(a, b, y) : make.program().multiply(a, b, y);
  return make.sequences({3, 0, 70, 1});
}

// The second operand is one row: a weight, or a window of each sequence's own.
ConformanceCase row_case(const std::string& op, tensor::DType dtype, std::uint32_t width,
                         bool from_window) {
  CaseMaker make(op, dtype, "row" + to_string(2 * width) + (from_window ? "/window" : ""));
  const auto a = make.floats({make.rows(), 2, width});
  const auto b = from_window ? make.floats({2 * width}) : make.weight({2 * width});
  const auto y = make.result({make.rows(), 2, width});
  op == "add" ? make.program().add(a, b, y) : make.program().multiply(a, b, y);
  return make.sequences({3, 0, 70, 1});
}

// Constant shapes, so that the rows of both operands are as many as the row's elements.
ConformanceCase square_case(const std::string& op) {
  CaseMaker make(op, "square");
  const auto a = make.floats({5, 5}), b = make.floats({5});
  const auto y = make.result({5, 5});
  op == "add" ? make.program().add(a, b, y) : make.program().multiply(a, b, y);
  return make.sequences({0});
}

std::vector<ConformanceCase> pair_cases(const std::string& op) {
  std::vector<ConformanceCase> cases;
  for (const std::uint32_t width : {1u, 15u, 16u, 33u, 3001u})
    cases.push_back(pair_case(op, width));
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const std::uint32_t width : {1u, 20u, 700u}) {
      cases.push_back(row_case(op, dtype, width, false));
    }
  }
  cases.push_back(row_case(op, tensor::DType::f32, 20, true));
  cases.push_back(square_case(op));
  return cases;
}

struct Conv1dSizes {
  std::uint32_t channels, length, outputs, window;
  sdk::Conv1d how = {};
};

ConformanceCase conv1d_case(tensor::DType dtype, const Conv1dSizes& sizes, bool has_bias) {
  const auto& [channels, length, outputs, window, how] = sizes;
  CaseMaker make("conv1d", dtype,
                 to_string(channels) + "x" + to_string(length) + "x" + to_string(outputs) + "x" +
                     to_string(window) + (has_bias ? "/bias" : ""));
  const auto x = make.floats({make.rows(), channels, length});
  const auto weight = make.weight({outputs, channels, window});
  sdk::Program::Out bias;
  if (has_bias) bias = make.weight({outputs});
  const std::uint32_t positions =
      (how.pad_before + length + how.pad_after - window) / how.stride + 1;
  make.program().conv1d(x, weight, bias, how, make.result({make.rows(), outputs, positions}));
  return make.sequences({3, 0, 11, 1});
}

struct Conv2dSizes {
  std::uint32_t channels, height, width, outputs, window_y, window_x;
  sdk::Conv2d how = {};
};

ConformanceCase conv2d_case(tensor::DType dtype, const Conv2dSizes& sizes, bool has_bias) {
  const auto& [channels, height, width, outputs, window_y, window_x, how] = sizes;
  CaseMaker make("conv2d", dtype,
                 to_string(channels) + "x" + to_string(height) + "x" + to_string(width) + "x" +
                     to_string(outputs) + "x" + to_string(window_y) + "x" + to_string(window_x) +
                     (has_bias ? "/bias" : ""));
  const auto x = make.floats({make.rows(), channels, height, width});
  const auto weight = make.weight({outputs, channels, window_y, window_x});
  sdk::Program::Out bias;
  if (has_bias) bias = make.weight({outputs});
  const std::uint32_t down = (how.pad_top + height + how.pad_bottom - window_y) / how.stride_y + 1;
  const std::uint32_t along = (how.pad_left + width + how.pad_right - window_x) / how.stride_x + 1;
  make.program().conv2d(x, weight, bias, how, make.result({make.rows(), outputs, down, along}));
  return make.sequences({2, 0, 5, 1});
}

ConformanceCase pool2d_case(sdk::Pool2d how, std::uint32_t height, std::uint32_t width) {
  CaseMaker make("pool2d", (how.pooling == sdk::Pooling::max ? "max/" : "average/") +
                               to_string(height) + "x" + to_string(width) + "x" +
                               to_string(how.window_y) + "x" + to_string(how.window_x));
  const auto x = make.floats({make.rows(), 3, height, width});
  const std::uint32_t down = (height - how.window_y) / how.stride_y + 1;
  const std::uint32_t along = (width - how.window_x) / how.stride_x + 1;
  make.program().pool2d(x, how, make.result({make.rows(), 3, down, along}));
  return make.sequences({3, 0, 20, 1});
}

ConformanceCase channel_affine_case(tensor::DType dtype, std::uint32_t channels,
                                    std::uint32_t elements, bool normalises) {
  CaseMaker make("channel_affine", dtype,
                 to_string(channels) + "x" + to_string(elements) + (normalises ? "/norm" : ""));
  const auto x = make.floats({make.rows(), channels, elements});
  const auto y = make.result({make.rows(), channels, elements});
  const auto scale = make.weight({channels}), shift = make.weight({channels});
  if (normalises) {
    const auto mean = make.weight({channels}), variance = make.positive_weight(channels);
    make.program().batch_norm(x, scale, shift, mean, variance, 1e-5, y);
  } else {
    make.program().channel_affine(x, scale, shift, y);
  }
  return make.sequences({3, 0, 20, 1});
}

ConformanceCase layer_norm_case(tensor::DType dtype, std::uint32_t width) {
  CaseMaker make("layer_norm", dtype, to_string(width));
  const auto x = make.floats({make.rows(), width});
  const auto weight = make.weight({width}), bias = make.weight({width});
  make.program().layer_norm(x, weight, bias, 1e-5, make.result({make.rows(), width}));
  return make.sequences({3, 0, 70, 1});
}

ConformanceCase unary_case(sdk::Function function, std::uint32_t width, float scale) {
  CaseMaker make("unary", to_string(static_cast<int>(function)) + "/" + to_string(width) + "/" +
                              to_string(scale));
  const auto x = function == sdk::Function::sqrt ? make.positive_floats({make.rows(), width})
                                                 : make.floats({make.rows(), width}, scale);
  make.program().unary(x, function, make.result({make.rows(), width}));
  return make.sequences({3, 0, 20, 1});
}

ConformanceCase softmax_case(std::uint32_t runs, std::uint32_t width, float scale) {
  CaseMaker make("softmax", to_string(runs) + "x" + to_string(width));
  const auto x = make.floats({make.rows(), runs, width}, scale);
  make.program().softmax(x, make.result({make.rows(), runs, width}));
  return make.sequences({3, 0, 20, 1});
}

ConformanceCase slice_case(std::uint32_t begin, std::uint32_t count) {
  CaseMaker make("slice", to_string(begin) + "+" + to_string(count));
  const auto x = make.floats({make.rows(), 3, 50});
  make.program().slice(x, begin, count, make.result({make.rows(), count}));
  return make.sequences({3, 0, 70, 1});
}

ConformanceCase lstm_cell_case(tensor::DType dtype, std::uint32_t inputs, std::uint32_t units) {
  CaseMaker make("lstm_cell", dtype, to_string(inputs) + "x" + to_string(units));
  const sdk::Symbol row = make.rows();
  const auto x = make.floats({row, inputs});
  const sdk::LstmState state = {make.floats({row, units}), make.floats({row, units})};
  const sdk::LstmWeights weights = {make.weight({4 * units, inputs}, 0.3f),
                                    make.weight({4 * units, units}, 0.3f), make.weight({4 * units}),
                                    make.weight({4 * units})};
  make.program().lstm_cell(x, state, weights,
                           sdk::LstmState{make.result({row, units}), make.result({row, units})});
  return make.sequences({3, 0, 30, 1});
}

ConformanceCase convert_case(std::uint32_t width) {
  CaseMaker make("convert", to_string(width));
  const auto x = make.bytes({make.rows(), width});
  make.program().convert(x, make.result({make.rows(), width}));
  return make.sequences({3, 0, 70, 1});
}

}  // namespace

std::vector<ConformanceCase> add_cases() {
  return pair_cases("add");
}

std::vector<ConformanceCase> multiply_cases() {
  return pair_cases("multiply");
}

std::vector<ConformanceCase> conv1d_cases() {
  constexpr auto kZeros = sdk::PaddingMode::zeros, kReflect = sdk::PaddingMode::reflect;
  const Conv1dSizes kSizes[] = {
      {1, 1, 1, 1},
      {3, 10, 5, 4, {2, 1, 3, kZeros}},
      {2, 9, 17, 3, {1, 8, 7, kReflect}},
      {1, 576, 66, 256, {128, 0, 64, kReflect}},
      {129, 4, 20, 3, {1, 1, 1, kZeros}},
  };
  std::vector<ConformanceCase> cases;
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const Conv1dSizes& sizes : kSizes) cases.push_back(conv1d_case(dtype, sizes, true));
    cases.push_back(conv1d_case(dtype, kSizes[1], false));
  }
  return cases;
}

std::vector<ConformanceCase> conv2d_cases() {
  constexpr auto kZeros = sdk::PaddingMode::zeros, kReflect = sdk::PaddingMode::reflect;
  const Conv2dSizes kSizes[] = {
      {1, 12, 12, 32, 5, 5},
      {3, 5, 9, 18, 3, 2, {2, 3, 1, 0, 2, 3, kZeros}},
      {2, 4, 6, 3, 3, 3, {1, 1, 3, 2, 5, 1, kReflect}},
      {33, 5, 5, 70, 3, 3, {1, 1, 1, 1, 1, 1, kZeros}},
  };
  std::vector<ConformanceCase> cases;
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const Conv2dSizes& sizes : kSizes) cases.push_back(conv2d_case(dtype, sizes, true));
    cases.push_back(conv2d_case(dtype, kSizes[1], false));
  }
  return cases;
}

std::vector<ConformanceCase> pool2d_cases() {
  std::vector<ConformanceCase> cases;
  for (const auto pooling : {sdk::Pooling::max, sdk::Pooling::average}) {
    cases.push_back(pool2d_case({pooling, 2, 2, 2, 2}, 8, 20));
    cases.push_back(pool2d_case({pooling, 3, 5, 1, 2}, 7, 11));
    cases.push_back(pool2d_case({pooling, 1, 1, 1, 1}, 1, 1));
    cases.push_back(pool2d_case({pooling, 2, 3, 2, 1}, 4, 150));
  }
  return cases;
}

std::vector<ConformanceCase> channel_affine_cases() {
  std::vector<ConformanceCase> cases;
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const bool normalises : {false, true}) {
      cases.push_back(channel_affine_case(dtype, 5, 100, normalises));
      cases.push_back(channel_affine_case(dtype, 33, 1, normalises));
    }
  }
  return cases;
}

std::vector<ConformanceCase> layer_norm_cases() {
  std::vector<ConformanceCase> cases;
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const std::uint32_t width : {2u, 15u, 16u, 100u, 2049u}) {
      cases.push_back(layer_norm_case(dtype, width));
    }
  }
  return cases;
}

std::vector<ConformanceCase> unary_cases() {
  using sdk::Function;
  std::vector<ConformanceCase> cases;
  for (const Function function : {Function::relu, Function::gelu, Function::gelu_tanh,
                                  Function::sigmoid, Function::tanh, Function::sqrt}) {
    cases.push_back(unary_case(function, 1, 1));
    cases.push_back(unary_case(function, 33, 0.01f));
    cases.push_back(unary_case(function, 3001, 3));
    cases.push_back(unary_case(function, 100, 100));
  }
  return cases;
}

std::vector<ConformanceCase> softmax_cases() {
  std::vector<ConformanceCase> cases;
  cases.push_back(softmax_case(1, 1, 1));
  cases.push_back(softmax_case(3, 16, 3));
  cases.push_back(softmax_case(2, 33, 3));
  cases.push_back(softmax_case(1, 3001, 30));
  return cases;
}

std::vector<ConformanceCase> slice_cases() {
  return {slice_case(0, 150), slice_case(149, 1), slice_case(17, 70)};
}

std::vector<ConformanceCase> lstm_cell_cases() {
  std::vector<ConformanceCase> cases;
  for (const tensor::DType dtype : kWeightDTypes) {
    cases.push_back(lstm_cell_case(dtype, 1, 1));
    cases.push_back(lstm_cell_case(dtype, 40, 33));
    cases.push_back(lstm_cell_case(dtype, 300, 128));
  }
  return cases;
}

std::vector<ConformanceCase> convert_cases() {
  return {convert_case(1), convert_case(33), convert_case(3001)};
}

}  // namespace driftwood::device::testing
