#include "ops/rules.h"

#include <algorithm>

#include "core/arithmetic.h"
#include "tensor/convert.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace driftwood::ops {
namespace {

std::string_view place_name(Place place) {
  switch (place) {
    case Place::temporary:
      return "a temporary";
    case Place::window:
      return "a window tensor";
    case Place::weight:
      return "a weight";
    case Place::state:
      return "a state plane";
    case Place::register_state:
      return "a register";
  }
  return "of an unknown place";
}

std::unexpected<Error> wrong_shape(Subject subject, std::string_view expected) {
  return fail(ErrorCode::invalid_argument, "{} {} has shape {}; {}.", subject.role, subject.index,
              tensor::to_string(subject.shape()), expected);
}

}  // namespace

std::string dim_text(tensor::Dim dim) {
  const std::string shape = tensor::to_string(tensor::SymbolicShape{1, {dim}});
  return shape.substr(1, shape.size() - 2);
}

Result<void> expect_counts(std::span<const Operand> inputs, std::size_t input_count,
                           std::span<const Operand> outputs, std::size_t output_count) {
  if (inputs.size() == input_count && outputs.size() == output_count) return {};
  return fail(ErrorCode::invalid_argument,
              "There are {} inputs and {} outputs; {} and {} are expected.", inputs.size(),
              outputs.size(), input_count, output_count);
}

Result<void> expect_dtype(Subject subject, tensor::DType dtype) {
  if (subject.operand.dtype == dtype) return {};
  return fail(ErrorCode::invalid_argument, "{} {} is {}; {} is expected.", subject.role,
              subject.index, tensor::name(subject.operand.dtype), tensor::name(dtype));
}

Result<void> expect_float(Subject subject) {
  const tensor::DType dtype = subject.operand.dtype;
  if (tensor::is_float(dtype)) return {};
  return fail(ErrorCode::invalid_argument, "{} {} is {}; f32, bf16 or f16 is expected.",
              subject.role, subject.index, tensor::name(dtype));
}

Result<void> expect_place(Subject subject, std::initializer_list<Place> places) {
  if (std::ranges::find(places, subject.operand.place) != places.end()) return {};
  std::string expected;
  for (const Place& place : places) {
    if (&place != places.begin()) expected += &place + 1 == places.end() ? " or " : ", ";
    expected += place_name(place);
  }
  return fail(ErrorCode::invalid_argument, "{} {} is {}; {} is expected.", subject.role,
              subject.index, place_name(subject.operand.place), expected);
}

Result<void> expect_activation(Subject subject, tensor::DType dtype) {
  DW_TRY(expect_place(subject, {Place::temporary, Place::window, Place::register_state}));
  return expect_dtype(subject, dtype);
}

Result<void> expect_activation(Subject subject, tensor::DType dtype, std::uint32_t rank) {
  DW_TRY(expect_activation(subject, dtype));
  return expect_rank(subject, rank);
}

Result<void> expect_weight(Subject subject, std::uint32_t rank) {
  DW_TRY(expect_place(subject, {Place::weight}));
  DW_TRY(expect_float(subject));
  DW_TRY(expect_rank(subject, rank));
  for (std::size_t i = 0; i < rank; ++i) DW_TRY(expect_constant(subject, i));
  return {};
}

Result<void> expect_plane(Subject subject) {
  DW_TRY(expect_place(subject, {Place::state}));
  DW_TRY(expect_float(subject));
  DW_TRY(expect_rank(subject, 2));
  DW_TRY(expect_constant(subject, 0));
  return expect_constant(subject, 1);
}

Result<void> expect_rank(Subject subject, std::uint32_t rank) {
  if (subject.shape().rank == rank) return {};
  return wrong_shape(subject, fmt::format("{} dimensions are expected", rank));
}

Result<void> expect_constant(Subject subject, std::size_t dim) {
  if (subject.shape()[dim].is_constant()) return {};
  return wrong_shape(subject, fmt::format("dimension {} has to be constant", dim));
}

Result<void> expect_shape(Subject subject, const tensor::SymbolicShape& shape) {
  if (subject.shape() == shape) return {};
  return wrong_shape(subject, tensor::to_string(shape) + " is expected");
}

Result<void> expect_shape(Subject subject, std::initializer_list<tensor::Dim> dims) {
  tensor::SymbolicShape expected;
  for (const tensor::Dim& dim : dims) expected.dims[expected.rank++] = dim;
  return expect_shape(subject, expected);
}

Result<void> expect_columns(Subject subject, std::uint64_t columns) {
  const tensor::Dim dim = subject.shape()[1];
  if (dim.is_constant() && dim.factor == columns) return {};
  return wrong_shape(subject, fmt::format("{} columns are expected", columns));
}

Result<std::uint64_t> trailing_columns(Subject subject) {
  if (subject.shape().rank < 2) return wrong_shape(subject, "at least 2 dimensions are expected");
  std::optional<std::uint64_t> product = 1;
  for (std::size_t i = 1; i < subject.shape().rank; ++i) {
    DW_TRY(expect_constant(subject, i));
    product = checked_multiply<std::uint64_t>(*product, subject.shape()[i].factor);
    if (!product) return wrong_shape(subject, "its columns are too many to count");
  }
  return *product;
}

Result<void> expect_trailing(Subject subject, tensor::Dim rows, std::uint64_t columns) {
  DW_TRY(expect_activation(subject, tensor::DType::f32));
  DW_TRY_ASSIGN(const std::uint64_t actual, trailing_columns(subject));
  if (subject.shape()[0] != rows) {
    return wrong_shape(subject, dim_text(rows) + " rows are expected");
  }
  if (actual == columns) return {};
  return wrong_shape(subject, fmt::format("{} columns are expected", columns));
}

}  // namespace driftwood::ops
