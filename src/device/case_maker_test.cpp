#include "core/hash.h"
#include "device/test_case_lists.h"

namespace driftwood::device::testing {
namespace {

std::uint32_t seed_of(std::string_view name) {
  return static_cast<std::uint32_t>(fnv1a(std::as_bytes(std::span(name))));
}

std::vector<float> absolute(std::vector<float> values) {
  for (float& value : values) value = std::abs(value);
  return values;
}

}  // namespace

CaseMaker::CaseMaker(std::string name, tensor::DType dtype, int) : random_(seed_of(name)) {
  one_.name = std::move(name);
  one_.dtype = dtype;
  rows_ = one_.program.symbol(1000);
}

sdk::Tensor CaseMaker::weight(const tensor::Shape& shape, float scale) {
  return add_weight(shape, random_.floats(*tensor::element_count(shape), scale));
}

sdk::Tensor CaseMaker::positive_weight(std::uint32_t size) {
  return add_weight({size}, absolute(random_.floats(size)));
}

sdk::Tensor CaseMaker::add_weight(const tensor::Shape& shape, const std::vector<float>& values) {
  const std::string name = "w" + std::to_string(weight_count_++);
  one_.weights->add(name, one_.dtype, shape, values);
  const sdk::DType dtype = sdk_dtype(one_.dtype);
  if (shape.size() == 1) return one_.program.weight(name, dtype, {shape[0]});
  if (shape.size() == 2) return one_.program.weight(name, dtype, {shape[0], shape[1]});
  if (shape.size() == 3) return one_.program.weight(name, dtype, {shape[0], shape[1], shape[2]});
  return one_.program.weight(name, dtype, {shape[0], shape[1], shape[2], shape[3]});
}

Bytes CaseMaker::filled(const WindowFill& fill, std::size_t size_bytes) {
  switch (fill.kind) {
    case Fill::nothing:
      break;
    case Fill::floats:
      return bytes_of(random_.floats(size_bytes / 4, fill.scale));
    case Fill::positive:
      return bytes_of(absolute(random_.floats(size_bytes / 4)));
    case Fill::stored:
      return encode(one_.dtype, random_.floats(size_bytes / tensor::size_bytes(one_.dtype)));
    case Fill::indices:
      return bytes_of(random_.indices(size_bytes / 4, fill.limit));
    case Fill::bytes:
      Bytes bytes;
      for (const std::int32_t value : random_.indices(size_bytes, 256)) {
        bytes.push_back(static_cast<std::byte>(value));
      }
      return bytes;
  }
  return Bytes(size_bytes);
}

ConformanceCase CaseMaker::sequences(std::initializer_list<std::uint32_t> rows) {
  const auto program = decode(one_.program);
  for (const std::uint32_t count : rows) {
    one_.sequences.push_back(make_sequence(*program, {count}));
    std::vector<Bytes>& windows = one_.sequences.back().windows;
    for (std::size_t slot = 0; slot < windows.size(); ++slot) {
      windows[slot] = filled(fills_[slot], windows[slot].size());
    }
  }
  return std::move(one_);
}

std::vector<ConformanceCase> cases_of(std::string_view op) {
  using List = std::vector<ConformanceCase> (*)();
  static constexpr std::pair<std::string_view, List> kLists[] = {
      {"matmul", matmul_cases},
      {"gather_rows", gather_rows_cases},
      {"rms_norm", rms_norm_cases},
      {"linear", linear_cases},
      {"rope", rope_cases},
      {"append_rows", attention_cases},
      {"attention", attention_cases},
      {"swiglu", swiglu_cases},
      {"add", add_cases},
      {"select_rows", select_rows_cases},
      {"top_logits", top_logits_cases},
      {"conv1d", conv1d_cases},
      {"conv2d", conv2d_cases},
      {"pool2d", pool2d_cases},
      {"channel_affine", channel_affine_cases},
      {"layer_norm", layer_norm_cases},
      {"unary", unary_cases},
      {"softmax", softmax_cases},
      {"multiply", multiply_cases},
      {"slice", slice_cases},
      {"lstm_cell", lstm_cell_cases},
      {"convert", convert_cases},
  };
  const auto found = std::ranges::find(kLists, op, &std::pair<std::string_view, List>::first);
  return found == std::end(kLists) ? std::vector<ConformanceCase>() : found->second();
}

}  // namespace driftwood::device::testing
