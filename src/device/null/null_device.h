// The null device: keeps the rules of the front end, records what it is given and computes nothing.
// Tests use it to look at submissions and to make calls fail.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "device/device.h"

namespace driftwood::device::null {

// What a backend is asked to do.
enum class Call { import_host, allocate, copy, upload, download, compile, submit, wait };

struct Submission {
  Serial serial;
  std::shared_ptr<const Executable> executable;
  std::vector<Sequence> sequences;
};

class NullDevice final : public Device {
 public:
  // Older submissions are forgotten.
  static constexpr std::size_t kMostRecorded = 64;

  NullDevice();

  // The last submissions, oldest first.
  const std::deque<Submission>& submissions() const { return submissions_; }

  // Makes one call of this kind fail with `code`: the next one, or the one after `skip` more.
  // A wait that fails with `timeout` leaves the run in flight.
  void fail_call(Call call, ErrorCode code, std::uint32_t skip = 0);

 private:
  struct Failure {
    ErrorCode code;
    std::uint32_t skip;
  };

  Result<std::unique_ptr<Buffer>> import_host_impl(memory::Import window) override;
  Result<std::unique_ptr<Buffer>> allocate_impl(std::uint64_t size_bytes, Filling filling) override;
  Result<void> copy_impl(const BufferPlace& from, const BufferPlace& to,
                         std::uint64_t size_bytes) override;
  Result<void> upload_impl(const Buffer& to, std::uint64_t offset_bytes,
                           std::span<const std::byte> from) override;
  Result<void> download_impl(const Buffer& from, std::uint64_t offset_bytes,
                             std::span<std::byte> to) override;
  Result<std::shared_ptr<const Executable>> compile_impl(
      std::shared_ptr<const graph::Program> program, std::shared_ptr<const WeightSource> weights,
      const std::map<std::uint32_t, tensor::View>& views) override;
  Result<void> submit_impl(Serial serial, std::shared_ptr<const Executable> executable,
                           std::span<const Sequence> sequences) override;
  Result<void> wait_impl(Serial serial, std::uint64_t timeout_ns) override;
  void cancel_impl(Serial serial) override;

  Result<void> maybe_fail(Call call);

  std::deque<Submission> submissions_;
  std::map<Call, Failure> failures_;
  std::mutex cancelled_mutex_;
  std::set<Serial> cancelled_;
};

std::unique_ptr<NullDevice> open_null_device();

}  // namespace driftwood::device::null
