#include "device/append_state.h"

#include <gtest/gtest.h>

#include "device/null/null_device.h"
#include "device/test_support.h"

namespace driftwood::device {
namespace {

using testing::must;

constexpr AppendStateShape kShape = {tensor::DType::bf16, 4, 3, 8, 100};

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

  Serial submit(std::uint32_t rows) {
    const Sequence sequence = {{rows}, {{buffer_.get(), 0}}, {state_.get()}};
    return must(device_.submit(executable_, std::span(&sequence, 1)));
  }

  AppendState& state() { return *state_; }
  Device& device() { return device_; }

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

}  // namespace
}  // namespace driftwood::device
