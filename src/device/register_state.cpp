#include "device/register_state.h"

#include <utility>

#include "core/arithmetic.h"
#include "device/device.h"

namespace driftwood::device {
namespace {

// Values start on this.
constexpr std::uint64_t kAlignmentBytes = 64;

}  // namespace

Result<std::uint64_t> RegisterState::size_bytes(tensor::DType dtype, const tensor::Shape& shape) {
  if (shape.size() > tensor::SymbolicShape::kMostDims) {
    return fail(ErrorCode::invalid_argument,
                "A register of {} dimensions is asked for; at most {} are allowed.", shape.size(),
                tensor::SymbolicShape::kMostDims);
  }
  const auto elements = tensor::element_count(shape);
  const auto bytes =
      elements ? checked_multiply<std::uint64_t>(*elements, tensor::size_bytes(dtype)) : elements;
  if (bytes == 0) {
    return fail(ErrorCode::invalid_argument, "A register of shape {} has no elements.",
                tensor::to_string(shape));
  }
  if (!bytes || *bytes > kMostValueBytes) {
    return fail(ErrorCode::limit, "A register of shape {} {} takes more than {} bytes.",
                tensor::to_string(shape), tensor::name(dtype), kMostValueBytes);
  }
  return 2 * round_up(*bytes, kAlignmentBytes);
}

Result<std::unique_ptr<RegisterState>> RegisterState::create(Device& device, tensor::DType dtype,
                                                             tensor::Shape shape) {
  DW_TRY_ASSIGN(const std::uint64_t bytes, size_bytes(dtype, shape));
  DW_TRY_ASSIGN(auto buffer, device.allocate(bytes));
  return std::unique_ptr<RegisterState>(
      new RegisterState(dtype, std::move(shape), std::move(buffer)));
}

Result<void> RegisterState::begin_run() {
  if (in_flight_) {
    return fail(ErrorCode::invalid_argument,
                "The register belongs to a run that is in flight, or is bound twice.");
  }
  in_flight_ = true;
  return {};
}

void RegisterState::end_run(bool succeeded) {
  if (succeeded) present_ = 1 - present_;
  in_flight_ = false;
}

}  // namespace driftwood::device
