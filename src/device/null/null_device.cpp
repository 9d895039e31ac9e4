#include "device/null/null_device.h"

#include <algorithm>
#include <utility>

#include "device/host_buffer.h"

namespace driftwood::device::null {
namespace {

class NullExecutable final : public Executable {
 public:
  NullExecutable(std::shared_ptr<const graph::Program> program,
                 std::shared_ptr<const WeightSource> weights)
      : Executable(std::move(program), std::move(weights)) {}
};

}  // namespace

NullDevice::NullDevice()
    : Device({.name = "null",
              .description = "records runs, computes nothing",
              .numerics = "null/1",
              .imports_host_memory = true}) {}

std::unique_ptr<NullDevice> open_null_device() {
  return std::make_unique<NullDevice>();
}

void NullDevice::fail_call(Call call, ErrorCode code, std::uint32_t skip) {
  failures_[call] = {code, skip};
}

Result<void> NullDevice::maybe_fail(Call call) {
  const auto failure = failures_.find(call);
  if (failure == failures_.end()) return {};
  if (failure->second.skip > 0) {
    --failure->second.skip;
    return {};
  }
  const ErrorCode code = failure->second.code;
  failures_.erase(failure);
  return fail(code, "The null device was told to fail this call with \"{}\".", name(code));
}

Result<std::unique_ptr<Buffer>> NullDevice::import_host_impl(memory::Import window) {
  DW_TRY(maybe_fail(Call::import_host));
  return wrap_import(std::move(window));
}

Result<std::unique_ptr<Buffer>> NullDevice::allocate_impl(std::uint64_t size_bytes,
                                                          Filling filling) {
  DW_TRY(maybe_fail(Call::allocate));
  return allocate_host(size_bytes, filling);
}

Result<void> NullDevice::copy_impl(const BufferPlace& from, const BufferPlace& to,
                                   std::uint64_t size_bytes) {
  DW_TRY(maybe_fail(Call::copy));
  copy_host(from, to, size_bytes);
  return {};
}

Result<void> NullDevice::upload_impl(const Buffer& to, std::uint64_t offset_bytes,
                                     std::span<const std::byte> from) {
  DW_TRY(maybe_fail(Call::upload));
  std::ranges::copy(from, to.contents() + offset_bytes);
  return {};
}

Result<void> NullDevice::download_impl(const Buffer& from, std::uint64_t offset_bytes,
                                       std::span<std::byte> to) {
  DW_TRY(maybe_fail(Call::download));
  std::copy_n(from.contents() + offset_bytes, to.size(), to.begin());
  return {};
}

Result<std::shared_ptr<const Executable>> NullDevice::compile_impl(
    std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
    const std::map<std::uint32_t, tensor::View>&) {
  DW_TRY(maybe_fail(Call::compile));
  return std::make_shared<NullExecutable>(std::move(program), std::move(weights));
}

Result<void> NullDevice::submit_impl(Serial serial, std::shared_ptr<const Executable> executable,
                                     std::span<const Sequence> sequences) {
  DW_TRY(maybe_fail(Call::submit));
  if (submissions_.size() == kMostRecorded) submissions_.pop_front();
  submissions_.push_back(
      {serial, std::move(executable), std::vector<Sequence>(sequences.begin(), sequences.end())});
  return {};
}

Result<void> NullDevice::wait_impl(Serial serial, std::uint64_t) {
  DW_TRY(maybe_fail(Call::wait));
  const std::lock_guard lock(cancelled_mutex_);
  if (cancelled_.erase(serial) > 0) {
    return fail(ErrorCode::cancelled, "Run {} was cancelled.", static_cast<std::uint64_t>(serial));
  }
  return {};
}

void NullDevice::cancel_impl(Serial serial) {
  const std::lock_guard lock(cancelled_mutex_);
  cancelled_.insert(serial);
}

}  // namespace driftwood::device::null
