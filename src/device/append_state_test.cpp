#include "device/append_state.h"

#include <gtest/gtest.h>

#include "device/null/null_device.h"
#include "device/test_support.h"

namespace driftwood::device {
namespace {

using testing::must;

constexpr AppendStateShape kShape = {tensor::DType::bf16, 4, 3, 8, 100};
constexpr std::size_t kBlockBytes = 4 * 3 * 16 * 8 * 2;

template <typename T>
void expect_error(const Result<T>& result, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(result) << "expected: " << part;
  EXPECT_EQ(result.error().code(), code) << result.error().message();
  EXPECT_NE(result.error().message().find(part), std::string::npos) << result.error().message();
}

TEST(AppendState, create_refuses_what_is_outside_the_limits) {
  null::NullDevice device;
  for (const auto& [shape, part] :
       {std::pair{AppendStateShape{tensor::DType::i32, 4, 3, 8, 100}, "dtype is i32"},
        {AppendStateShape{tensor::DType::f32, 0, 3, 8, 100}, "plane count (0)"},
        {AppendStateShape{tensor::DType::f32, AppendState::kMostPlanes + 1, 3, 8, 100}, "(4097)"},
        {AppendStateShape{tensor::DType::f32, 4, 0, 8, 100}, "head count (0)"},
        {AppendStateShape{tensor::DType::f32, 4, AppendState::kMostHeads + 1, 8, 100}, "(1025)"},
        {AppendStateShape{tensor::DType::f32, 4, 3, 0, 100}, "head dimension (0)"},
        {AppendStateShape{tensor::DType::f32, 4, 3, AppendState::kMostDim + 1, 100}, "(1025)"},
        {AppendStateShape{tensor::DType::f32, 4, 3, 8, 0}, "row limit (0)"},
        {AppendStateShape{tensor::DType::f32, 4, 3, 8, AppendState::kMostRows + 1},
         "(16777217)"}}) {
    const auto state = AppendState::create(device, shape);
    ASSERT_FALSE(state) << part;
    EXPECT_EQ(state.error().code(), ErrorCode::invalid_argument);
    EXPECT_NE(state.error().message().find(part), std::string::npos) << state.error().message();
  }
}

TEST(AppendState, a_new_state_is_empty_and_knows_its_sizes) {
  null::NullDevice device;
  const auto state = must(AppendState::create(device, kShape));
  EXPECT_EQ(state->length_rows(), 0u);
  EXPECT_EQ(state->block_count(), 0u);
  EXPECT_EQ(state->plane_bytes(), 3u * 16 * 8 * 2);
  EXPECT_EQ(state->block_bytes(), 4u * 3 * 16 * 8 * 2);
}

// A state of kShape with `rows` live rows.
class Filled {
 public:
  explicit Filled(std::uint32_t rows) : state_(must(AppendState::create(device_, kShape))) {
    sdk::Program program;
    const sdk::Symbol row = program.symbol(100);
    const auto x = program.window(sdk::DType::f32, {row, 3, 8});
    for (std::uint32_t plane = 0; plane < 4; ++plane) {
      program.append_rows(x, program.state_plane(0, plane, sdk::DType::bf16, 3, 8));
    }
    executable_ = must(device_.compile(testing::decode(program), nullptr));
    buffer_ = must(device_.allocate(100 * 3 * 8 * 4));
    must(device_.wait(submit(rows), 0));
  }

  Serial submit(std::uint32_t rows) { return must(submit(*state_, rows)); }

  Result<Serial> submit(AppendState& state, std::uint32_t rows) {
    const Sequence sequence = {{rows}, {{buffer_.get(), 0}}, {&state}};
    return device_.submit(executable_, std::span(&sequence, 1));
  }

  // A run that writes `value` into all of its rows, as a device does: into the rows that it appends
  // of each head of each plane.
  void append(AppendState& state, std::uint32_t rows, int value) {
    const std::uint32_t first = state.length_rows();
    const Serial serial = must(submit(state, rows));
    fill(state, first, first + rows, value);
    must(device_.wait(serial, 0));
  }

  static void fill(AppendState& state, std::uint32_t first, std::uint32_t end, int value) {
    for (std::uint32_t row = first; row < end; ++row) {
      for (std::uint32_t head = 0; head < 4 * 3; ++head) {
        std::byte* const bytes = state.block(row / 16).contents() + (head * 16 + row % 16) * 16;
        std::fill_n(bytes, 16, std::byte(value));
      }
    }
  }

  // The live rows, in the blocks of load().
  static testing::Bytes bytes(const AppendState& state) {
    testing::Bytes all((state.length_rows() + 15) / 16 * kBlockBytes);
    for (std::size_t i = 0; i < all.size() / kBlockBytes; ++i) {
      must(state.read_block(i, std::span(all).subspan(i * kBlockBytes, kBlockBytes)));
    }
    return all;
  }

  AppendState& state() { return *state_; }
  null::NullDevice& device() { return device_; }

 private:
  null::NullDevice device_;
  std::unique_ptr<AppendState> state_;
  std::shared_ptr<const Executable> executable_;
  std::unique_ptr<Buffer> buffer_;
};

TEST(AppendState, blocks_cover_the_rows_and_stay_where_they_are) {
  Filled filled(16);
  EXPECT_EQ(filled.state().block_count(), 1u);
  const std::byte* const first = filled.state().block(0).contents();
  must(filled.device().wait(filled.submit(84), 0));
  EXPECT_EQ(filled.state().block_count(), 7u);
  EXPECT_EQ(filled.state().length_rows(), 100u);
  EXPECT_EQ(filled.state().block(0).contents(), first);
}

TEST(AppendState, truncate_drops_rows_and_never_adds_them) {
  Filled filled(40);
  const auto longer = filled.state().truncate(41);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(longer.error().message(),
            "Truncation to 41 rows is above the state's length (40 rows).");
  must(filled.state().truncate(40));
  must(filled.state().truncate(3));
  EXPECT_EQ(filled.state().length_rows(), 3u);
  must(filled.state().truncate(0));
  EXPECT_EQ(filled.state().length_rows(), 0u);
}

TEST(AppendState, truncate_is_refused_while_a_run_is_in_flight) {
  Filled filled(5);
  const Serial serial = filled.submit(5);
  const auto refused = filled.state().truncate(0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  must(filled.device().wait(serial, 0));
  EXPECT_EQ(filled.state().length_rows(), 10u);
  must(filled.state().truncate(0));
}

TEST(AppendStateFork, shares_the_blocks_of_live_rows_and_no_others) {
  Filled filled(40);
  must(filled.state().truncate(20));
  const auto fork = must(filled.state().fork());
  EXPECT_EQ(fork->shape(), kShape);
  EXPECT_EQ(fork->length_rows(), 20u);
  ASSERT_EQ(fork->block_count(), 2u);
  EXPECT_EQ(&fork->block(0), &filled.state().block(0));
  EXPECT_EQ(&fork->block(1), &filled.state().block(1));
  EXPECT_EQ(must(must(AppendState::create(filled.device(), kShape))->fork())->block_count(), 0u);
}

TEST(AppendStateFork, both_sides_append_to_their_own_copy_of_the_last_block) {
  Filled filled(0);
  AppendState& state = filled.state();
  filled.append(state, 20, 1);
  const auto fork = must(state.fork());
  const testing::Bytes before = Filled::bytes(state);
  filled.append(*fork, 20, 2);
  EXPECT_EQ(Filled::bytes(state), before);
  EXPECT_EQ(&fork->block(0), &state.block(0));
  EXPECT_NE(&fork->block(1), &state.block(1));
  const testing::Bytes forked = Filled::bytes(*fork);
  const Buffer* const own = &state.block(1);
  filled.append(state, 20, 3);
  EXPECT_EQ(&state.block(1), own);  // nobody else has it any more
  EXPECT_EQ(Filled::bytes(*fork), forked);

  const auto alone = must(AppendState::create(filled.device(), kShape));
  filled.append(*alone, 20, 1);
  filled.append(*alone, 20, 2);
  EXPECT_EQ(forked, Filled::bytes(*alone));
}

TEST(AppendStateFork, goes_on_in_a_new_block_where_the_last_one_is_full) {
  Filled filled(0);
  filled.append(filled.state(), 32, 1);
  const auto fork = must(filled.state().fork());
  filled.append(*fork, 1, 2);
  filled.append(filled.state(), 1, 3);
  EXPECT_EQ(&fork->block(1), &filled.state().block(1));
  EXPECT_NE(&fork->block(2), &filled.state().block(2));
  EXPECT_EQ(Filled::bytes(*fork)[2 * kBlockBytes], std::byte{2});
  EXPECT_EQ(Filled::bytes(filled.state())[2 * kBlockBytes], std::byte{3});
}

TEST(AppendStateFork, truncated_in_a_shared_block_writes_none_of_the_other_rows) {
  Filled filled(0);
  AppendState& state = filled.state();
  filled.append(state, 60, 1);
  const auto fork = must(state.fork());
  const testing::Bytes before = Filled::bytes(state);
  must(fork->truncate(21));
  filled.append(*fork, 39, 2);
  EXPECT_EQ(Filled::bytes(state), before);
  EXPECT_EQ(fork->block_count(), 4u);
  // Rows 0 to 20 are the old ones, and blocks without live rows are new and not copied.
  const testing::Bytes own = Filled::bytes(*fork);
  EXPECT_EQ(own[kBlockBytes + 4 * 16], std::byte{1});
  EXPECT_EQ(own[kBlockBytes + 5 * 16], std::byte{2});
  EXPECT_EQ(own[3 * kBlockBytes], std::byte{2});
  must(state.truncate(21));
  filled.append(state, 39, 3);
  EXPECT_EQ(Filled::bytes(*fork), own);
}

TEST(AppendStateFork, a_new_block_in_place_of_a_shared_one_is_zero) {
  Filled filled(0);
  filled.append(filled.state(), 48, 1);
  const auto fork = must(filled.state().fork());
  must(fork->truncate(16));
  must(filled.device().wait(must(filled.submit(*fork, 32)), 0));
  const testing::Bytes bytes = Filled::bytes(*fork);
  for (std::size_t i = kBlockBytes; i < bytes.size(); ++i) ASSERT_EQ(bytes[i], std::byte{0}) << i;
}

TEST(AppendStateFork, takes_as_many_blocks_as_a_state_that_is_alone) {
  Filled filled(0);
  filled.append(filled.state(), 60, 1);
  const auto fork = must(filled.state().fork());
  must(fork->truncate(10));
  filled.append(*fork, 90, 2);
  EXPECT_EQ(fork->block_count(), 7u);
  filled.append(filled.state(), 1, 3);
  EXPECT_EQ(filled.state().block_count(), 4u);
}

TEST(AppendStateFork, a_hundred_forks_and_forks_of_forks_go_apart) {
  Filled filled(0);
  filled.append(filled.state(), 20, 1);
  std::vector<std::unique_ptr<AppendState>> forks;
  for (int i = 0; i < 100; ++i) {
    forks.push_back(must((i < 50 ? filled.state() : *forks[i - 50]).fork()));
    filled.append(*forks.back(), 8, 100 + i);
  }
  for (int i = 0; i < 100; ++i) {
    const testing::Bytes bytes = Filled::bytes(*forks[i]);
    EXPECT_EQ(bytes[kBlockBytes + 3 * 16], std::byte{1}) << i;
    EXPECT_EQ(bytes[kBlockBytes + 4 * 16], std::byte(i < 50 ? 100 + i : 50 + i)) << i;
    if (i >= 50) EXPECT_EQ(bytes[kBlockBytes + 12 * 16], std::byte(100 + i)) << i;
  }
}

TEST(AppendStateFork, a_run_that_fails_leaves_both_as_they_were) {
  Filled filled(0);
  AppendState& state = filled.state();
  filled.append(state, 20, 1);
  const auto fork = must(state.fork());
  const testing::Bytes before = Filled::bytes(state);
  const Serial lost = must(filled.submit(*fork, 20));
  Filled::fill(*fork, 20, 40, 9);
  filled.device().fail_call(null::Call::wait, ErrorCode::device_lost);
  expect_error(filled.device().wait(lost, 0), ErrorCode::device_lost, "told to fail");
  EXPECT_EQ(fork->length_rows(), 20u);
  EXPECT_EQ(Filled::bytes(*fork), before);
  EXPECT_EQ(Filled::bytes(state), before);
}

TEST(AppendStateFork, is_as_it_was_when_its_own_blocks_cannot_be_had) {
  Filled filled(0);
  AppendState& state = filled.state();
  filled.append(state, 20, 1);
  const auto fork = must(state.fork());
  const testing::Bytes before = Filled::bytes(state);
  for (const std::uint32_t skip : {0, 1, 2}) {
    filled.device().fail_call(null::Call::allocate, ErrorCode::out_of_memory, skip);
    expect_error(filled.submit(*fork, 40), ErrorCode::out_of_memory, "told to fail");
    EXPECT_EQ(fork->block_count(), 2u);
    EXPECT_EQ(&fork->block(1), &state.block(1));
  }
  filled.device().fail_call(null::Call::copy, ErrorCode::device_lost);
  expect_error(filled.submit(*fork, 40), ErrorCode::device_lost, "told to fail");
  EXPECT_EQ(&fork->block(1), &state.block(1));
  EXPECT_EQ(Filled::bytes(*fork), before);
  filled.append(*fork, 40, 2);
}

TEST(AppendStateFork, outlives_what_it_was_forked_from) {
  Filled filled(0);
  filled.append(filled.state(), 20, 1);
  auto fork = must(filled.state().fork());
  const auto last = must(fork->fork());
  const testing::Bytes before = Filled::bytes(*fork);
  fork.reset();
  filled.append(filled.state(), 20, 2);
  EXPECT_EQ(Filled::bytes(*last), before);
}

TEST(AppendStateLoad, gives_the_rows_that_were_read) {
  Filled filled(0);
  for (int i = 0; i < 37; ++i) filled.append(filled.state(), 1, i + 1);
  const testing::Bytes bytes = Filled::bytes(filled.state());
  const auto loaded = must(AppendState::create(filled.device(), kShape));
  must(loaded->load(37, bytes));
  EXPECT_EQ(loaded->length_rows(), 37u);
  EXPECT_EQ(loaded->block_count(), 3u);
  EXPECT_EQ(Filled::bytes(*loaded), bytes);
  filled.append(*loaded, 20, 200);
  filled.append(filled.state(), 20, 200);
  EXPECT_EQ(Filled::bytes(*loaded), Filled::bytes(filled.state()));
  EXPECT_EQ(filled.device().copied_bytes().total(), 0u);  // the host reaches this device's memory
}

TEST(AppendStateLoad, takes_no_rows_and_rows_after_a_truncation_to_nothing) {
  Filled filled(40);
  must(filled.state().truncate(0));
  const testing::Bytes one(kBlockBytes, std::byte{7});
  must(filled.state().load(16, one));
  EXPECT_EQ(filled.state().block_count(), 1u);
  EXPECT_EQ(Filled::bytes(filled.state()), one);
  must(filled.state().truncate(0));
  must(filled.state().load(0, testing::Bytes()));
  EXPECT_EQ(filled.state().length_rows(), 0u);
}

TEST(AppendStateLoad, reads_rows_that_are_not_live_as_zero) {
  Filled filled(0);
  must(filled.state().load(5, testing::Bytes(kBlockBytes, std::byte{7})));
  const testing::Bytes bytes = Filled::bytes(filled.state());
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    ASSERT_EQ(bytes[i], std::byte(i / 16 % 16 < 5 ? 7 : 0)) << i;
  }
}

TEST(AppendStateLoad, refuses_what_does_not_fit_and_leaves_the_state_empty) {
  Filled filled(0);
  AppendState& state = filled.state();
  const testing::Bytes bytes(8 * kBlockBytes);
  const auto first = [&](std::size_t size_bytes) { return std::span(bytes).first(size_bytes); };
  expect_error(state.load(101, bytes), ErrorCode::limit, "(101) are over the state's limit (100)");
  expect_error(state.load(0xffffffff, bytes), ErrorCode::limit, "(4294967295)");
  for (const std::size_t size_bytes :
       {std::size_t{0}, kBlockBytes, 2 * kBlockBytes - 1, 2 * kBlockBytes + 1, 3 * kBlockBytes}) {
    expect_error(state.load(17, first(size_bytes)), ErrorCode::invalid_argument,
                 "17 rows of this state take 6144 bytes, not");
  }
  expect_error(state.load(0, first(1)), ErrorCode::invalid_argument, "0 rows");
  filled.device().fail_call(null::Call::allocate, ErrorCode::out_of_memory, 1);
  expect_error(state.load(17, first(2 * kBlockBytes)), ErrorCode::out_of_memory, "told to fail");
  EXPECT_EQ(state.length_rows(), 0u);
  EXPECT_EQ(state.block_count(), 0u);
}

TEST(AppendStateLoad, refuses_a_state_that_has_rows) {
  Filled filled(1);
  expect_error(filled.state().load(16, testing::Bytes(kBlockBytes)), ErrorCode::invalid_argument,
               "this one has 1 rows");
}

TEST(AppendState, read_block_refuses_blocks_without_live_rows_and_other_sizes) {
  Filled filled(40);
  testing::Bytes bytes(kBlockBytes + 1);
  const std::span<std::byte> one = std::span(bytes).first(kBlockBytes);
  must(filled.state().read_block(2, one));
  expect_error(filled.state().read_block(3, one), ErrorCode::invalid_argument, "Block 3");
  must(filled.state().truncate(32));
  expect_error(filled.state().read_block(2, one), ErrorCode::invalid_argument, "has 32 rows");
  expect_error(filled.state().read_block(0, bytes), ErrorCode::invalid_argument, "not 3073");
  expect_error(filled.state().read_block(0, one.first(1)), ErrorCode::invalid_argument, "not 1");
}

TEST(AppendState, is_neither_forked_nor_loaded_nor_read_while_a_run_is_in_flight) {
  Filled filled(0);
  const Serial serial = filled.submit(5);
  testing::Bytes bytes(kBlockBytes);
  expect_error(filled.state().fork(), ErrorCode::invalid_argument, "be forked");
  expect_error(filled.state().load(16, bytes), ErrorCode::invalid_argument, "be loaded");
  expect_error(filled.state().read_block(0, bytes), ErrorCode::invalid_argument, "be read");
  must(filled.device().wait(serial, 0));
  must(filled.state().fork());
}

}  // namespace
}  // namespace driftwood::device
