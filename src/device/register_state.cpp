#include "device/register_state.h"

#include <utility>
#include <vector>

#include "core/arithmetic.h"
#include "device/device.h"
#include "device/state_bytes.h"

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
  DW_TRY_ASSIGN(auto value, device.allocate(bytes / 2));
  return std::unique_ptr<RegisterState>(
      new RegisterState(device, dtype, std::move(shape), std::move(value)));
}

std::uint64_t RegisterState::value_bytes() const {
  return *tensor::element_count(shape_) * tensor::size_bytes(dtype_);  // create() found it to fit
}

Result<void> RegisterState::check_idle(std::string_view what) const {
  if (!in_flight_) return {};
  return fail(ErrorCode::invalid_argument,
              "A register cannot be {} while a run that is bound to it is in flight.", what);
}

Result<void> RegisterState::check_value_size(std::uint64_t size_bytes) const {
  if (size_bytes == value_bytes()) return {};
  return fail(ErrorCode::invalid_argument, "A value of this register takes {} bytes, not {}.",
              value_bytes(), size_bytes);
}

Result<std::unique_ptr<RegisterState>> RegisterState::fork() const {
  DW_TRY(check_idle("forked"));
  DW_TRY_ASSIGN(auto copy, create(*device_, dtype_, shape_));
  DW_TRY(device_->copy(before(), copy->before(), value_bytes()));
  return copy;
}

Result<void> RegisterState::load(std::span<const std::byte> bytes) {
  DW_TRY(check_idle("loaded"));
  DW_TRY(check_value_size(bytes.size()));
  return write_state(*device_, before(), bytes);
}

Result<void> RegisterState::load(const ReadValue& read_value) {
  DW_TRY(check_idle("loaded"));
  const BufferPlace to = before();
  if (to.buffer->contents() != nullptr) {
    return read_value({to.buffer->contents() + to.offset_bytes, value_bytes()});
  }
  std::vector<std::byte> passing(value_bytes());
  DW_TRY(read_value(passing));
  return write_state(*device_, to, passing);
}

Result<void> RegisterState::read(std::span<std::byte> bytes) const {
  DW_TRY(check_idle("read"));
  DW_TRY(check_value_size(bytes.size()));
  return read_state(*device_, before(), bytes);
}

Result<void> RegisterState::begin_run() {
  if (in_flight_) {
    return fail(ErrorCode::invalid_argument,
                "The register belongs to a run that is in flight, or is bound twice.");
  }
  if (std::unique_ptr<Buffer>& next = values_[1 - present_]; next == nullptr) {
    DW_TRY_ASSIGN(next, device_->allocate(values_[present_]->size_bytes()));
  }
  in_flight_ = true;
  return {};
}

void RegisterState::end_run(bool succeeded) {
  if (succeeded) present_ = 1 - present_;
  in_flight_ = false;
}

}  // namespace driftwood::device
