// Runs of a whole decoder and the states that they append to, in the host's memory and in a GPU's
// own.
#include "device/vulkan/run.h"

#include <gtest/gtest.h>

#include "device/vulkan/test_decoder_run.h"

namespace driftwood::device::vulkan {
namespace {

using namespace device::testing;
using testing::Driver;

class VulkanRun : public testing::DecoderRun {
 protected:
  // Tokens [begin, begin + count) of a text, with a state or a new one.
  SequenceData text(std::uint32_t seed, std::uint32_t begin, std::uint32_t count,
                    AppendState* state = nullptr) {
    SequenceData text = make_text(*program_, seed, begin, count);
    run_->add_states(text);
    if (state != nullptr) text.states = {state};
    return text;
  }
  Result<void> go(std::vector<SequenceData>& sequences) {
    return testing_run(run_->device(), run_->executable(), sequences);
  }
  // The text's results, by itself, from an empty state.
  SequenceData alone(std::uint32_t seed, std::uint32_t count) {
    std::vector<SequenceData> one = {text(seed, 0, count)};
    must(go(one));
    return one[0];
  }
  void expect_logits(const SequenceData& got, const SequenceData& whole, std::uint32_t begin,
                     std::string_view what) {
    const Bytes& bytes = got.windows[kLogits];
    const std::size_t offset = begin * kVocabulary * sizeof(float);
    EXPECT_TRUE(
        std::ranges::equal(bytes, std::span(whole.windows[kLogits]).subspan(offset, bytes.size())))
        << what << ", from token " << begin;
  }

  static Result<void> testing_run(Device& device, const std::shared_ptr<const Executable>& with,
                                  std::vector<SequenceData>& sequences) {
    return device::testing::run(device, with, sequences);
  }
};

INSTANTIATE_TEST_SUITE_P(, VulkanRun, ::testing::Bool(), testing::memory_kind);

TEST_P(VulkanRun, sequences_have_together_the_bits_that_they_have_alone) {
  std::vector<SequenceData> together;
  const std::uint32_t counts[] = {33, 1, 0, 16, 2};
  for (std::uint32_t s = 0; s < std::size(counts); ++s) together.push_back(text(s, 0, counts[s]));
  must(go(together));
  for (std::uint32_t s = 0; s < std::size(counts); ++s) {
    expect_same_bits({together[s]}, {alone(s, counts[s])}, "sequence " + std::to_string(s));
  }
}

TEST_P(VulkanRun, prefill_in_pieces_equals_prefill_at_once_in_every_bit) {
  const SequenceData whole = alone(3, 60);
  for (const std::uint32_t piece : {1u, 7u, 16u, 50u}) {
    AppendState* state = nullptr;
    for (std::uint32_t begin = 0; begin < 60; begin += piece) {
      std::vector<SequenceData> next = {text(3, begin, std::min(piece, 60 - begin), state)};
      state = next[0].states[0];
      must(go(next));
      expect_logits(next[0], whole, begin, "pieces of " + std::to_string(piece));
    }
    EXPECT_EQ(state->length_rows(), 60u);
  }
}

TEST_P(VulkanRun, forks_that_run_together_have_the_bits_of_states_that_are_alone) {
  const auto begin = [&] {
    std::vector<SequenceData> prefix = {text(3, 0, 21)};
    must(go(prefix));
    return prefix[0].states[0];
  };
  AppendState* const source = begin();
  std::vector<std::unique_ptr<AppendState>> forks;
  for (int i = 0; i < 3; ++i) forks.push_back(must(source->fork()));
  forks.push_back(must(forks[1]->fork()));
  std::vector<SequenceData> together = {text(4, 21, 30, source)};
  for (std::uint32_t i = 0; i < 4; ++i) together.push_back(text(5 + i, 21, 30, forks[i].get()));
  must(go(together));
  for (std::uint32_t i = 0; i < 5; ++i) {
    std::vector<SequenceData> one = {text(4 + i, 21, 30, begin())};
    must(go(one));
    expect_same_bits(one, {together[i]}, "fork " + std::to_string(i));
  }
  EXPECT_NE(together[0].windows[kLogits], together[1].windows[kLogits]);
}

// The tables of a run that is used again lie elsewhere for another number of sequences.
TEST_P(VulkanRun, sequences_come_and_go_between_the_steps) {
  const SequenceData whole = alone(1, 12);
  AppendState* state = nullptr;
  const std::uint32_t others[] = {0, 3, 1, 0, 5, 0, 2, 1, 7, 0, 0, 4};
  for (std::uint32_t step = 0; step < 12; ++step) {
    std::vector<SequenceData> sequences = {text(1, step, 1, state)};
    state = sequences[0].states[0];
    // Empty ones have states without blocks.
    for (std::uint32_t i = 0; i < others[step]; ++i) sequences.push_back(text(2, 0, 0));
    must(go(sequences));
    expect_logits(sequences[0], whole, step, std::to_string(others[step]) + " others");
  }
}

TEST_P(VulkanRun, any_number_of_rows_gives_the_bits_of_the_same_rows_among_others) {
  const SequenceData whole = alone(6, 300);
  for (const std::uint32_t count : {1u,  2u,  3u,  4u,  5u,  7u,   8u,   9u,   15u,  16u,  17u,
                                    31u, 32u, 33u, 63u, 65u, 127u, 128u, 129u, 256u, 257u, 299u}) {
    expect_logits(alone(6, count), whole, 0, std::to_string(count) + " rows");
  }
}

TEST_P(VulkanRun, a_run_that_fails_leaves_the_state_as_it_was) {
  std::vector<SequenceData> sequences = {text(5, 0, 3)};
  AppendState& state = *sequences[0].states[0];
  sequences[0].windows[kRows] = bytes_of(std::vector<std::int32_t>{0, 1, 3});
  const auto failed = go(sequences);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
  EXPECT_NE(failed.error().message().find("(select_rows): Index 3 is not between 0 and 2."),
            std::string::npos)
      << failed.error().message();
  EXPECT_EQ(state.length_rows(), 0u);
  std::vector<SequenceData> again = {text(5, 0, 3, &state)};
  must(go(again));
  expect_same_bits(again, {alone(5, 3)}, "after a run that failed");
}

TEST_P(VulkanRun, a_cancelled_run_leaves_the_state_as_it_was) {
  std::vector<SequenceData> sequences = {text(5, 0, 100)};
  AppendState& state = *sequences[0].states[0];
  Device& device = run_->device();
  BoundSequences bound(device, sequences);
  int cancelled = 0;
  for (int round = 0; round < 20 || (cancelled == 0 && round < 1000); ++round) {
    const Serial serial = must(device.submit(run_->executable(), bound.sequences()));
    device.cancel(serial);
    const auto ended = device.wait(serial, kPatienceNs);
    cancelled += !ended;
    if (!ended) EXPECT_EQ(ended.error().code(), ErrorCode::cancelled) << ended.error().message();
    ASSERT_EQ(state.length_rows(), ended ? 100u : 0u);
    must(state.truncate(0));
  }
  EXPECT_GT(cancelled, 0);
  // The same run goes on as if nothing had happened.
  const BufferPlace logits = bound.sequences()[0].windows[kLogits];
  must(device.upload(*logits.buffer, 0, Bytes(logits.buffer->size_bytes()), Purpose::window));
  must(device.wait(must(device.submit(run_->executable(), bound.sequences())), kPatienceNs));
  bound.read_back();
  expect_same_bits(sequences, {alone(5, 100)}, "after cancelled runs");
}

// Its grids are cleared, and nothing has said that it was cancelled.
TEST_P(VulkanRun, a_cancelled_run_that_could_not_be_waited_for_does_no_harm_to_the_next) {
  std::vector<SequenceData> sequences = {text(5, 0, 3)};
  BoundSequences bound(run_->device(), sequences);
  driver_.hides_progress = true;
  const Serial serial = must(run_->device().submit(run_->executable(), bound.sequences()));
  driver_.break_call({"WaitSemaphores", 1, VK_ERROR_OUT_OF_HOST_MEMORY});
  run_->device().cancel(serial);
  const auto failed = run_->device().wait(serial, kPatienceNs);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::out_of_memory) << failed.error().message();
  driver_.hides_progress = false;
  const BufferPlace logits = bound.sequences()[0].windows[kLogits];
  must(run_->device().upload(*logits.buffer, 0, Bytes(logits.buffer->size_bytes()),
                             Purpose::window));
  must(run_->device().wait(must(run_->device().submit(run_->executable(), bound.sequences())),
                           kPatienceNs));
  bound.read_back();
  expect_same_bits(sequences, {alone(5, 3)}, "after a run that failed");
}

TEST_P(VulkanRun, cancelling_after_the_end_comes_too_late) {
  std::vector<SequenceData> sequences = {text(5, 0, 2)};
  BoundSequences bound(run_->device(), sequences);
  const Serial first = must(run_->device().submit(run_->executable(), bound.sequences()));
  while (!driver_.is_idle()) {
  }
  run_->device().cancel(first);
  must(run_->device().wait(first, kPatienceNs));
  run_->device().cancel(first);
  EXPECT_EQ(sequences[0].states[0]->length_rows(), 2u);
}

TEST_P(VulkanRun, several_are_in_flight_each_with_its_own_state) {
  std::vector<std::vector<SequenceData>> texts;
  std::vector<BoundSequences> bound;
  std::vector<Serial> serials;
  for (std::uint32_t s = 0; s < 4; ++s) texts.push_back({text(s, 0, 5 + s)});
  for (auto& one : texts) bound.emplace_back(run_->device(), one);
  for (const BoundSequences& one : bound) {
    serials.push_back(must(run_->device().submit(run_->executable(), one.sequences())));
  }
  for (const std::size_t s : {2u, 0u, 3u, 1u}) must(run_->device().wait(serials[s], kPatienceNs));
  for (std::uint32_t s = 0; s < 4; ++s) {
    bound[s].read_back();
    expect_same_bits(texts[s], {alone(s, 5 + s)}, "run " + std::to_string(s));
  }
}

TEST_P(VulkanRun, a_state_that_is_read_and_loaded_again_goes_on_with_the_same_bits) {
  const SequenceData whole = alone(7, 45);
  std::vector<SequenceData> prefix = {text(7, 0, 37)};
  must(go(prefix));
  const AppendState& source = *prefix[0].states[0];
  Bytes rows(AppendState::blocks_of(37) * source.block_bytes());
  for (std::size_t i = 0; i < AppendState::blocks_of(37); ++i) {
    const std::uint64_t block_bytes = source.block_bytes();
    must(source.read_block(i, std::span(rows).subspan(i * block_bytes, block_bytes)));
  }
  std::vector<SequenceData> next = {text(7, 37, 8)};
  must(next[0].states[0]->load(37, rows));
  must(go(next));
  expect_logits(next[0], whole, 37, "a state that was loaded");
}

TEST_P(VulkanRun, a_device_may_end_while_runs_are_in_flight) {
  std::vector<SequenceData> sequences = {text(5, 0, 60)};
  const BoundSequences bound(run_->device(), sequences);
  for (int i = 0; i < 3; ++i) {
    std::vector<Sequence> again = bound.sequences();
    std::vector<SequenceData> other = {text(5, 0, 60)};
    again[0].states = other[0].states;
    must(run_->device().submit(run_->executable(), again));
  }
  // Buffers and states go after the GPU is done with them, and before the device, as they have to.
  while (!driver_.is_idle()) {
  }
}

TEST_P(VulkanRun, steps_of_one_kind_are_recorded_once) {
  const auto recorded = [&](std::uint32_t begin, std::uint32_t count, AppendState* state) {
    std::vector<SequenceData> next = {text(3, begin, count, state)};
    driver_.break_call({});
    must(go(next));
    return driver_.calls("CmdDispatchIndirect");
  };
  std::vector<SequenceData> first = {text(3, 0, 1)};
  must(go(first));
  AppendState* const state = first[0].states[0];
  for (std::uint32_t i = 1; i < 20; ++i) EXPECT_EQ(recorded(i, 1, state), 0) << i;
  EXPECT_GT(recorded(20, 7, state), 0);  // other kernels
  EXPECT_EQ(recorded(27, 9, state), 0);
  EXPECT_EQ(recorded(36, 7, state), 0);
}

// A GPU in software does one kernel after the other in any case, so they are counted here.
TEST_P(VulkanRun, has_a_barrier_before_each_op_that_waits_for_another) {
  const auto barriers_of = [&](bool in_a_chain) {
    sdk::Program program;
    const auto x = program.window(sdk::DType::f32, {4});
    sdk::Tensor last = x;
    for (int i = 0; i < 5; ++i) {
      last = program.multiply(in_a_chain ? last : x, x, program.window(sdk::DType::f32, {4}));
    }
    const auto executable = must(run_->device().compile(decode(program), nullptr));
    std::vector<SequenceData> data = {make_sequence(executable->program(), {})};
    const BoundSequences bound(run_->device(), data);
    driver_.break_call({});
    const Serial serial = must(run_->device().submit(executable, bound.sequences()));
    const int barriers = driver_.calls("CmdPipelineBarrier");
    must(run_->device().wait(serial, kPatienceNs));
    return barriers;
  };
  // Two for what comes before and after the run.
  EXPECT_EQ(barriers_of(false), 2);
  EXPECT_EQ(barriers_of(true), 2 + 4);
}

}  // namespace
}  // namespace driftwood::device::vulkan
