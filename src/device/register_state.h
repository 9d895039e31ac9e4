// A register state: a value of fixed shape that each run rewrites, such as an LSTM's h and c. It
// lives with the device and belongs to one actor; the guest holds a handle.
//
// Layout: two values, each in a buffer of its own; the second one is made for the first run. A run
//   reads the present one and writes the other, and the two change places when it succeeds: a run
//   that fails or is cancelled leaves the value as it was, and no order of reading and writing
//   matters.
// Lifetime: the buffers are of the device that made the state, and the device outlives it.
// Threads: those of the device.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "core/error.h"
#include "device/buffer.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace driftwood::device {

class Device;

class RegisterState {
 public:
  // Of one value. Twice as much fits into 64 bits.
  static constexpr std::uint64_t kMostValueBytes = std::uint64_t{1} << 40;

  // A state whose value is zero. Errors: invalid_argument for a dimension of 0 or more than
  // tensor::SymbolicShape::kMostDims; limit for a value over kMostValueBytes; out_of_memory.
  static Result<std::unique_ptr<RegisterState>> create(Device& device, tensor::DType dtype,
                                                       tensor::Shape shape);

  // Bytes of the device that a state of this shape takes: both values. Errors: as for create().
  static Result<std::uint64_t> size_bytes(tensor::DType dtype, const tensor::Shape& shape);

  tensor::DType dtype() const { return dtype_; }
  const tensor::Shape& shape() const { return shape_; }
  std::uint64_t size_bytes() const { return 2 * values_[present_]->size_bytes(); }

  // Bytes of one value.
  std::uint64_t value_bytes() const;

  // A register with the same present value and its own memory. Errors: invalid_argument while a run
  // is in flight; out_of_memory.
  Result<std::unique_ptr<RegisterState>> fork() const;

  // Replaces the present value, or gives it. Errors: invalid_argument while a run is in flight, or
  // for other than value_bytes() bytes.
  Result<void> load(std::span<const std::byte> bytes);
  // The same from wherever `read_value` has it, whose errors are passed on.
  using ReadValue = std::function<Result<void>(std::span<std::byte> to)>;
  Result<void> load(const ReadValue& read_value);
  Result<void> read(std::span<std::byte> bytes) const;

  // Where the present value is, and, while a run is in flight, where it writes the next.
  BufferPlace before() const { return {values_[present_].get(), 0}; }
  BufferPlace after() const { return {values_[1 - present_].get(), 0}; }

 private:
  friend class Device;  // marks the state as in flight, and ends the run

  RegisterState(Device& device, tensor::DType dtype, tensor::Shape shape,
                std::unique_ptr<Buffer> value)
      : device_(&device), dtype_(dtype), shape_(std::move(shape)), values_{std::move(value)} {}

  Result<void> check_idle(std::string_view what) const;
  Result<void> check_value_size(std::uint64_t size_bytes) const;

  // Errors: invalid_argument while a run is in flight; out_of_memory.
  Result<void> begin_run();
  // Ends the run: the value that it wrote becomes the present one, or all stays as it was.
  void end_run(bool succeeded);

  Device* device_;
  tensor::DType dtype_;
  tensor::Shape shape_;
  std::array<std::unique_ptr<Buffer>, 2> values_;
  std::size_t present_ = 0;  // 0 or 1
  bool in_flight_ = false;
};

}  // namespace driftwood::device
