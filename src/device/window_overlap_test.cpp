#include "device/window_overlap.h"

#include <gtest/gtest.h>

#include "device/null/null_device.h"
#include "device/test_support.h"

namespace driftwood::device {
namespace {

using namespace testing;
using sdk::DType;

// a, b and y, c of 16 bytes a row: y = a + b and c = y + y. Slots 0 and 1 are read, 2 and 3
// written.
class WindowOverlap : public ::testing::Test {
 protected:
  WindowOverlap() {
    sdk::Program program;
    const sdk::Symbol row = program.symbol(100);
    const auto a = program.window(DType::f32, {row, 4}), b = program.window(DType::f32, {row, 4});
    const auto y = program.window(DType::f32, {row, 4}), c = program.window(DType::f32, {row, 4});
    program.add(a, b, y);
    program.add(y, y, c);
    executable_ = must(device_.compile(decode(program), nullptr));
    buffer_ = must(device_.allocate(4096));
  }

  // A sequence of `rows` rows with its windows at these bytes of the buffer.
  Sequence sequence(std::uint32_t rows, const std::vector<std::uint64_t>& offsets) {
    Sequence made{{rows}, {}, {}};
    for (const std::uint64_t offset : offsets) made.windows.push_back({buffer_.get(), offset});
    return made;
  }

  // The message of the refusal, or "accepted".
  std::string submit(const std::vector<Sequence>& sequences) {
    const auto serial = device_.submit(executable_, sequences);
    if (serial) return "accepted";
    EXPECT_EQ(serial.error().code(), ErrorCode::invalid_argument);
    return serial.error().message();
  }

  null::NullDevice device_;
  std::shared_ptr<const Executable> executable_;
  std::unique_ptr<Buffer> buffer_;
};

TEST_F(WindowOverlap, a_written_window_that_shares_bytes_with_a_read_one_is_refused) {
  EXPECT_EQ(submit({sequence(4, {0, 64, 112, 256})}),
            "Window slot 2 of sequence 0 is written by the program, but shares bytes with window "
            "slot 1 of sequence 0.");
  EXPECT_EQ(submit({sequence(4, {0, 64, 12, 256})}),
            "Window slot 2 of sequence 0 is written by the program, but shares bytes with window "
            "slot 0 of sequence 0.");
  EXPECT_NE(submit({sequence(4, {512, 64, 0, 512})}).find("slot 3"), std::string::npos);
}

TEST_F(WindowOverlap, two_written_windows_that_share_bytes_are_refused) {
  EXPECT_NE(submit({sequence(4, {0, 64, 256, 316})}), "accepted");
  EXPECT_NE(submit({sequence(4, {0, 64, 256, 256})}), "accepted");
}

TEST_F(WindowOverlap, an_overlap_is_found_behind_windows_that_end_before_it) {
  // Slot 1 of the second sequence is long; its short neighbours lie inside the same bytes.
  const Sequence one = sequence(1, {0, 16, 1200, 1600});
  const Sequence two = sequence(40, {1024, 1024, 2048, 3000});
  EXPECT_EQ(submit({one, two}),
            "Window slot 2 of sequence 0 is written by the program, but shares bytes with window "
            "slot 0 of sequence 1.");
}

TEST_F(WindowOverlap, sequences_may_not_write_where_another_reads_or_writes) {
  EXPECT_EQ(submit({sequence(4, {0, 64, 128, 192}), sequence(4, {0, 192, 256, 320})}),
            "Window slot 3 of sequence 0 is written by the program, but shares bytes with window "
            "slot 1 of sequence 1.");
}

TEST_F(WindowOverlap, two_buffers_over_the_same_memory_are_the_same_bytes) {
  auto region = must(memory::Region::reserve({1 << 16, 1 << 16, 1 << 16}));
  const auto import = [&] {
    auto window = memory::Import::acquire(region, {0, 1 << 16, memory::Access::read_write});
    return must(device_.import_host(must(std::move(window))));
  };
  const auto first = import(), second = import();
  Sequence made = sequence(4, {0, 64, 128, 192});
  made.windows[0] = {first.get(), 32};
  made.windows[2] = {second.get(), 0};
  EXPECT_NE(submit({made}), "accepted");
  made.windows[2].offset_bytes = 96;
  EXPECT_EQ(submit({made}), "accepted");
}

TEST_F(WindowOverlap, windows_that_are_read_may_share_bytes_and_neighbours_may_touch) {
  EXPECT_EQ(submit({sequence(4, {0, 16, 80, 144}), sequence(4, {0, 16, 208, 272})}), "accepted");
}

TEST_F(WindowOverlap, a_window_without_bytes_overlaps_nothing) {
  EXPECT_EQ(submit({sequence(4, {0, 64, 128, 192}), sequence(0, {0, 0, 16, 140})}), "accepted");
}

}  // namespace
}  // namespace driftwood::device
