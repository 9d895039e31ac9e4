// What the tests of ops share: operands in few words, and references run on small values.
#pragma once

#include <deque>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "ops/op.h"
#include "tensor/convert.h"

namespace driftwood::ops::testing {

using tensor::Dim;
using tensor::DType;

inline constexpr Dim kRows = {1, 0};       // T0
inline constexpr Dim kOtherRows = {1, 1};  // T1

// A constant dimension.
constexpr Dim c(std::uint32_t size) {
  return {size, Dim::kConstant};
}

inline Operand operand(Place place, DType dtype, std::initializer_list<Dim> dims) {
  tensor::SymbolicShape shape;
  for (const Dim& dim : dims) shape.dims[shape.rank++] = dim;
  return {dtype, shape, place};
}
inline Operand temporary(std::initializer_list<Dim> dims, DType dtype = DType::f32) {
  return operand(Place::temporary, dtype, dims);
}
inline Operand weight(std::initializer_list<Dim> dims, DType dtype = DType::f32) {
  return operand(Place::weight, dtype, dims);
}
inline Operand plane(std::initializer_list<Dim> dims, DType dtype = DType::f32) {
  return operand(Place::state, dtype, dims);
}

// An op's use, to be broken in one place and checked.
struct Use {
  std::vector<Operand> inputs, outputs;
  std::vector<Attribute> attributes = {};
};

// What is wrong with a use; empty if nothing is.
inline std::string verdict(const OpDefinition& op, const Use& use) {
  const auto checked = op.check(use.inputs, use.outputs, Attributes(use.attributes));
  if (checked) return "";
  if (checked.error().code() != ErrorCode::invalid_argument) return "another error code";
  return checked.error().message();
}

// One call of a reference, its tensors in buffers of their exact size.
class Call {
 public:
  Call& input(tensor::Shape shape, const std::vector<float>& values, DType dtype = DType::f32) {
    call_.inputs.push_back({dtype, std::move(shape), buffer(values, dtype)});
    return *this;
  }
  Call& input_i32(tensor::Shape shape, const std::vector<std::int32_t>& values) {
    auto& bytes = buffers_.emplace_back(values.size() * 4);
    for (std::size_t i = 0; i < values.size(); ++i) tensor::store_i32(bytes, i, values[i]);
    call_.inputs.push_back({DType::i32, std::move(shape), bytes});
    return *this;
  }
  Call& input_u8(tensor::Shape shape, const std::vector<std::uint8_t>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    buffers_.emplace_back(bytes.begin(), bytes.end());
    call_.inputs.push_back({DType::u8, std::move(shape), buffers_.back()});
    return *this;
  }
  Call& output(tensor::Shape shape, DType dtype = DType::f32) {
    auto& bytes = buffers_.emplace_back(*tensor::element_count(shape) * size_bytes(dtype));
    call_.outputs.push_back({dtype, std::move(shape), bytes});
    return *this;
  }
  Call& plane(std::uint64_t heads, std::uint64_t dim, const std::vector<float>& values,
              DType dtype = DType::f32) {
    call_.planes.push_back({dtype, heads, dim, buffer(values, dtype)});
    return *this;
  }
  Call& attribute(AttributeId id, std::variant<std::int64_t, double> value) {
    attributes_.push_back({id, value});
    return *this;
  }

  Result<void> run(const OpDefinition& op, std::uint64_t past_rows = 0) {
    call_.attributes = Attributes(attributes_);
    call_.past_rows = past_rows;
    return op.reference(call_);
  }

  std::vector<float> floats(std::size_t output = 0) const {
    return floats(call_.outputs[output].dtype, call_.outputs[output].bytes);
  }
  std::vector<std::int32_t> i32s(std::size_t output) const {
    std::vector<std::int32_t> values;
    const auto bytes = call_.outputs[output].bytes;
    for (std::size_t i = 0; i < bytes.size() / 4; ++i) values.push_back(tensor::load_i32(bytes, i));
    return values;
  }
  std::vector<float> plane_floats(std::size_t plane) const {
    return floats(call_.planes[plane].dtype, call_.planes[plane].bytes);
  }

 private:
  std::span<std::byte> buffer(const std::vector<float>& values, DType dtype) {
    auto& bytes = buffers_.emplace_back(values.size() * size_bytes(dtype));
    for (std::size_t i = 0; i < values.size(); ++i) store_float(dtype, bytes, i, values[i]);
    return bytes;
  }
  static std::vector<float> floats(DType dtype, std::span<const std::byte> bytes) {
    std::vector<float> values;
    for (std::size_t i = 0; i < bytes.size() / size_bytes(dtype); ++i) {
      values.push_back(load_float(dtype, bytes, i));
    }
    return values;
  }

  std::deque<std::vector<std::byte>> buffers_;
  std::vector<Attribute> attributes_;
  ReferenceCall call_;
};

}  // namespace driftwood::ops::testing
