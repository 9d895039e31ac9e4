// States on a device whose memory the host cannot reach: every byte is copied, and counted.
#include "device/state_bytes.h"

#include <gtest/gtest.h>

#include "device/test_support.h"

namespace driftwood::device {
namespace {

using testing::Bytes;
using testing::must;

class FarBuffer final : public Buffer {
 public:
  explicit FarBuffer(std::uint64_t size_bytes)
      : Buffer(size_bytes, memory::Access::read_write, nullptr), bytes(size_bytes) {}
  mutable Bytes bytes;
};

Bytes& bytes_of(const Buffer& buffer) {
  return static_cast<const FarBuffer&>(buffer).bytes;
}

// Memory of its own and nothing else.
class FarDevice final : public Device {
 public:
  FarDevice() : Device({"far", "memory elsewhere", "far/1", false}) {}

 private:
  Result<std::unique_ptr<Buffer>> import_host_impl(memory::Import) override { return refused(); }
  Result<std::unique_ptr<Buffer>> allocate_impl(std::uint64_t size_bytes, Filling) override {
    return std::make_unique<FarBuffer>(size_bytes);
  }
  Result<void> copy_impl(const BufferPlace& from, const BufferPlace& to,
                         std::uint64_t size_bytes) override {
    std::copy_n(bytes_of(*from.buffer).data() + from.offset_bytes, size_bytes,
                bytes_of(*to.buffer).data() + to.offset_bytes);
    return {};
  }
  Result<void> upload_impl(const Buffer& to, std::uint64_t offset_bytes,
                           std::span<const std::byte> from) override {
    std::ranges::copy(from, bytes_of(to).data() + offset_bytes);
    return {};
  }
  Result<void> download_impl(const Buffer& from, std::uint64_t offset_bytes,
                             std::span<std::byte> to) override {
    std::copy_n(bytes_of(from).data() + offset_bytes, to.size(), to.begin());
    return {};
  }
  Result<std::shared_ptr<const Executable>> compile_impl(
      std::shared_ptr<const graph::Program>, std::shared_ptr<const WeightSource>,
      const std::map<std::uint32_t, tensor::View>&) override {
    return refused();
  }
  Result<void> submit_impl(Serial, std::shared_ptr<const Executable>,
                           std::span<const Sequence>) override {
    return refused();
  }
  Result<void> wait_impl(Serial, std::uint64_t) override { return refused(); }
  void cancel_impl(Serial) override {}

  static std::unexpected<Error> refused() {
    return fail(ErrorCode::unsupported, "The far device only has memory.");
  }
};

std::uint64_t to_device(const Device& device) {
  return device.copied_bytes().to_device[static_cast<std::size_t>(Purpose::state)];
}

std::uint64_t from_device(const Device& device) {
  return device.copied_bytes().from_device[static_cast<std::size_t>(Purpose::state)];
}

TEST(StateBytes, of_an_append_state_are_copied_and_counted) {
  FarDevice device;
  const auto state = must(AppendState::create(device, {tensor::DType::f32, 2, 1, 4, 100}));
  Bytes bytes(2 * state->block_bytes());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i % 251 + 1);
  must(state->load(32, bytes));
  EXPECT_EQ(to_device(device), bytes.size());
  EXPECT_EQ(from_device(device), 0u);
  const auto fork = must(state->fork());
  must(fork->truncate(17));
  EXPECT_EQ(device.copied_bytes().total(), bytes.size());

  Bytes block(state->block_bytes());
  must(fork->read_block(1, block));
  EXPECT_EQ(from_device(device), block.size());
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool is_live = i / 16 % 16 < 1;
    ASSERT_EQ(block[i], is_live ? bytes[block.size() + i] : std::byte{0}) << i;
  }
}

TEST(StateBytes, of_a_register_are_copied_and_counted_but_not_those_of_its_fork) {
  FarDevice device;
  const auto state = must(RegisterState::create(device, tensor::DType::f32, {3}));
  const Bytes bytes(12, std::byte{5});
  must(state->load(bytes));
  const auto fork = must(state->fork());
  EXPECT_EQ(device.copied_bytes().total(), 12u);
  Bytes read(12);
  must(fork->read(read));
  EXPECT_EQ(read, bytes);
  EXPECT_EQ(to_device(device), 12u);
  EXPECT_EQ(from_device(device), 12u);
}

}  // namespace
}  // namespace driftwood::device
