#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "core/hash.h"
#include "device/vulkan/test_decoder_run.h"

namespace driftwood::device::vulkan {
namespace {

using namespace device::testing;
using testing::Driver;

class ObservedRun : public testing::DecoderRun {};

INSTANTIATE_TEST_SUITE_P(, ObservedRun, ::testing::Bool(), testing::memory_kind);

TEST_P(ObservedRun, tells_of_each_op_with_the_bits_of_a_run_that_is_not_observed) {
  const std::vector<SequenceData> texts = {
      make_text(*program_, 1, 0, 21), make_text(*program_, 2, 0, 0), make_text(*program_, 3, 0, 5)};
  const std::vector<SequenceData> wanted = run_->run(texts);
  std::vector<std::uint32_t> ops;
  std::map<std::uint32_t, Bytes> of_logits;
  must(run_->device().observe([&](const OpEvent& event) {
    ops.push_back(event.op);
    EXPECT_GT(event.duration_ns, 0u);
    const graph::Op& op = event.program.ops[event.op];
    ASSERT_EQ(event.outputs.size(), op.outputs.size());
    for (std::size_t i = 0; i < op.outputs.size(); ++i) {
      const graph::Tensor& output = event.program.tensors[op.outputs[i]];
      if (output.place != ops::Place::window) continue;
      for (const auto piece : event.outputs[i]) {
        Bytes& bytes = of_logits[output.slot];
        bytes.insert(bytes.end(), piece.begin(), piece.end());
      }
    }
  }));
  const std::vector<SequenceData> observed = run_->run(texts);
  expect_same_bits(observed, wanted, "observed");
  ASSERT_EQ(ops.size(), program_->ops.size());
  for (std::uint32_t i = 0; i < ops.size(); ++i) EXPECT_EQ(ops[i], i);
  for (const auto& [slot, bytes] : of_logits) {
    Bytes all;
    for (const SequenceData& one : wanted) {
      all.insert(all.end(), one.windows[slot].begin(), one.windows[slot].end());
    }
    EXPECT_EQ(fnv1a(bytes), fnv1a(all)) << "window " << slot;
  }
  EXPECT_FALSE(of_logits.empty());
  must(run_->device().observe({}));
  ops.clear();
  expect_same_bits(run_->run(texts), wanted, "no longer observed");
  EXPECT_TRUE(ops.empty());
}

TEST_P(ObservedRun, gives_the_outputs_of_each_sequence_one_after_the_other) {
  std::vector<std::vector<Bytes>> outputs;  // by op and output
  must(run_->device().observe([&](const OpEvent& event) {
    outputs.resize(event.program.ops.size());
    outputs[event.op].resize(event.outputs.size());
    for (std::size_t i = 0; i < event.outputs.size(); ++i) {
      for (const auto piece : event.outputs[i]) {
        Bytes& bytes = outputs[event.op][i];
        bytes.insert(bytes.end(), piece.begin(), piece.end());
      }
    }
  }));
  std::vector<SequenceData> texts;
  for (const std::uint32_t count : {3u, 5u, 1u}) {
    texts.push_back(make_text(*program_, count, 0, count));
    run_->run({texts.back()});
  }
  const auto alone = std::exchange(outputs, {});
  run_->run(texts);
  for (std::size_t op = 0; op < outputs.size(); ++op) {
    EXPECT_EQ(outputs[op], alone[op]) << "op " << op;
  }
}

TEST_P(ObservedRun, shows_the_rows_that_were_appended_across_blocks) {
  std::vector<Bytes> appended;
  must(run_->device().observe([&](const OpEvent& event) {
    const graph::Op& op = event.program.ops[event.op];
    if (op.definition->name != "append_rows") return;
    Bytes bytes;
    for (const auto piece : event.outputs[0]) bytes.insert(bytes.end(), piece.begin(), piece.end());
    appended.push_back(std::move(bytes));
  }));
  std::vector<SequenceData> first = {make_text(*program_, 1, 0, 11)};
  run_->add_states(first[0]);
  AppendState& state = *first[0].states[0];
  must(device::testing::run(run_->device(), run_->executable(), first));
  std::vector<SequenceData> next = {make_text(*program_, 1, 11, 10)};
  next[0].states = {&state};
  must(device::testing::run(run_->device(), run_->executable(), next));
  ASSERT_EQ(appended.size(), 8u) << "keys and values, two layers, two runs";

  // The state itself: [planes, heads, kBlockRows, dim] for each block.
  const std::uint64_t row_bytes = state.plane_bytes() / kKeyHeads / AppendState::kBlockRows;
  std::vector<Bytes> blocks(2, Bytes(state.block_bytes()));
  for (std::size_t i = 0; i < 2; ++i) must(state.read_block(i, blocks[i]));
  for (std::size_t plane = 0; plane < 4; ++plane) {
    Bytes wanted;
    for (std::uint32_t row = 11; row < 21; ++row) {
      for (std::uint32_t head = 0; head < kKeyHeads; ++head) {
        const Bytes& block = blocks[row / AppendState::kBlockRows];
        const auto begin =
            block.begin() + plane * state.plane_bytes() +
            (head * AppendState::kBlockRows + row % AppendState::kBlockRows) * row_bytes;
        wanted.insert(wanted.end(), begin, begin + row_bytes);
      }
    }
    EXPECT_EQ(appended[4 + plane], wanted) << "plane " << plane;
  }
}

TEST_P(ObservedRun, ends_with_the_op_that_fails) {
  std::size_t events = 0;
  must(run_->device().observe([&](const OpEvent&) { ++events; }));
  std::vector<SequenceData> text = {make_text(*program_, 1, 0, 3)};
  text[0].windows[kIds] = bytes_of(std::vector<std::int32_t>{1, 300, 2});
  run_->add_states(text[0]);
  const auto failed = device::testing::run(run_->device(), run_->executable(), text);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "Op 0 (gather_rows): Index 300 is not between 0 and 299.");
  EXPECT_EQ(events, 0u);
  EXPECT_EQ(text[0].states[0]->length_rows(), 0u);
}

TEST_P(ObservedRun, takes_the_hosts_clock_where_the_gpu_has_none) {
  std::size_t events = 0;
  must(run_->device().observe([&](const OpEvent& event) {
    ++events;
    EXPECT_GT(event.duration_ns, 0u);
  }));
  driver_.break_call({"CreateQueryPool", 1, VK_ERROR_OUT_OF_HOST_MEMORY, true});
  run_->run({make_text(*program_, 1, 0, 2)});
  driver_.heal();
  EXPECT_EQ(events, program_->ops.size());
}

}  // namespace
}  // namespace driftwood::device::vulkan
