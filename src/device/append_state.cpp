#include "device/append_state.h"

#include <utility>

#include "device/device.h"

namespace driftwood::device {
namespace {

Result<void> check_count(const char* what, std::uint32_t count, std::uint32_t most) {
  if (count == 0 || count > most) {
    return fail(ErrorCode::invalid_argument, "State {} ({}) is not between 1 and {}.", what, count,
                most);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<AppendState>> AppendState::create(Device& device, AppendStateShape shape) {
  using tensor::DType;
  if (shape.dtype != DType::f32 && shape.dtype != DType::bf16 && shape.dtype != DType::f16) {
    return fail(ErrorCode::invalid_argument, "State dtype is {}, but must be f32, bf16 or f16.",
                tensor::name(shape.dtype));
  }
  DW_TRY(check_count("plane count", shape.plane_count, kMostPlanes));
  DW_TRY(check_count("head count", shape.head_count, kMostHeads));
  DW_TRY(check_count("head dimension", shape.head_dim, kMostDim));
  DW_TRY(check_count("row limit", shape.most_rows, kMostRows));
  return std::unique_ptr<AppendState>(new AppendState(device, shape));
}

std::uint64_t AppendState::plane_bytes() const {
  return std::uint64_t{shape_.head_count} * kBlockRows * shape_.head_dim *
         tensor::size_bytes(shape_.dtype);
}

std::uint64_t AppendState::block_bytes() const {
  return plane_bytes() * shape_.plane_count;
}

Result<void> AppendState::truncate(std::uint32_t length_rows) {
  if (in_flight_) {
    return fail(ErrorCode::invalid_argument,
                "A state cannot be truncated while a run that appends to it is in flight.");
  }
  if (length_rows > length_rows_) {
    return fail(ErrorCode::invalid_argument,
                "Truncation to {} rows is above the state's length ({} rows).", length_rows,
                length_rows_);
  }
  length_rows_ = length_rows;
  return {};
}

Result<void> AppendState::begin_append(std::uint64_t rows) {
  if (in_flight_) {
    return fail(ErrorCode::invalid_argument,
                "The state belongs to a run that is in flight, or is bound twice.");
  }
  if (rows > shape_.most_rows - length_rows_) {
    return fail(ErrorCode::limit,
                "State length ({} rows) plus {} new rows is over its limit ({} rows).",
                length_rows_, rows, shape_.most_rows);
  }
  const std::uint64_t needed = (length_rows_ + rows + kBlockRows - 1) / kBlockRows;
  while (blocks_.size() < needed) {
    DW_TRY_ASSIGN(auto block, device_->allocate(block_bytes()));
    blocks_.push_back(std::move(block));
  }
  pending_rows_ = static_cast<std::uint32_t>(rows);
  in_flight_ = true;
  return {};
}

void AppendState::end_append(bool succeeded) {
  if (succeeded) length_rows_ += pending_rows_;
  pending_rows_ = 0;
  in_flight_ = false;
}

}  // namespace driftwood::device
