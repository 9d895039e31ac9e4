#include "device/cpu/cpu_device.h"

#include <gtest/gtest.h>

#include <thread>

#include "device/cpu/test_per_isa.h"
#include "device/test_case_run.h"
#include "device/test_decoder.h"
#include "device/test_tolerance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

using CpuDevicePerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, CpuDevicePerIsa, kEveryIsa, isa_name);

TEST_P(CpuDevicePerIsa, a_decoder_has_the_bits_of_the_portable_kernels) {
  for (const tensor::DType dtype : kWeightDTypes) {
    ConformanceCase one = make_decoder(dtype);
    // Rounding of the state to half precision may differ from the reference in the last place.
    const auto program = decode(one.program);
    for (const std::uint32_t count : {33u, 1u, 0u, 16u}) {
      one.sequences.push_back(make_text(*program, count, 0, count));
    }
    CaseRun first(one, 1, "portable");
    const auto wanted = first.run(one.sequences);
    for (const unsigned threads : {1u, 2u, 5u}) {
      CaseRun run(one, threads, cpu::name(GetParam()));
      expect_same_bits(run.run(one.sequences), wanted, std::to_string(threads) + " threads");
      for (std::size_t s = 0; s < wanted.size(); ++s) {
        expect_same_bits(run.run({one.sequences[s]}), {wanted[s]}, "alone");
      }
    }
  }
}

TEST(CpuDevice, prefill_in_pieces_equals_prefill_at_once_in_every_bit) {
  const ConformanceCase one = make_decoder(tensor::DType::bf16);
  const auto program = decode(one.program);
  CaseRun run(one, 2, "");
  const SequenceData whole = run.run({make_text(*program, 3, 0, 60)}).front();
  const std::size_t row_bytes = kVocabulary * sizeof(float);
  for (const std::uint32_t piece : {1u, 7u, 16u, 50u}) {
    SequenceData states = make_text(*program, 3, 0, 1);
    run.add_states(states);
    for (std::uint32_t begin = 0; begin < 60; begin += piece) {
      std::vector<SequenceData> next = {make_text(*program, 3, begin, std::min(piece, 60 - begin))};
      next[0].states = states.states;
      must(testing::run(run.device(), run.executable(), next));
      const Bytes& got = next[0].windows[kLogits];
      EXPECT_EQ(
          std::memcmp(got.data(), whole.windows[kLogits].data() + begin * row_bytes, got.size()), 0)
          << "piece of " << piece << " at " << begin;
    }
  }
}

TEST(CpuDevice, forks_that_run_together_have_the_bits_of_states_that_are_alone) {
  const ConformanceCase one = make_decoder(tensor::DType::bf16);
  const auto program = decode(one.program);
  CaseRun run(one, 2, "");
  const auto begin = [&] {
    std::vector<SequenceData> prefix = {make_text(*program, 3, 0, 21)};
    run.add_states(prefix[0]);
    must(testing::run(run.device(), run.executable(), prefix));
    return prefix[0].states[0];
  };
  AppendState* const source = begin();
  std::vector<std::unique_ptr<AppendState>> forks;
  for (int i = 0; i < 3; ++i) forks.push_back(must(source->fork()));
  forks.push_back(must(forks[1]->fork()));

  std::vector<SequenceData> together;
  for (std::uint32_t seed = 4; seed < 9; ++seed) {
    together.push_back(make_text(*program, seed, 21, 30));
    together.back().states = {seed == 4 ? source : forks[seed - 5].get()};
  }
  must(testing::run(run.device(), run.executable(), together));
  for (std::uint32_t seed = 4; seed < 9; ++seed) {
    std::vector<SequenceData> alone = {make_text(*program, seed, 21, 30)};
    alone[0].states = {begin()};
    must(testing::run(run.device(), run.executable(), alone));
    expect_same_bits(alone, {together[seed - 4]}, "seed " + std::to_string(seed));
  }
  EXPECT_NE(together[0].windows[kLogits], together[1].windows[kLogits]);
}

TEST(CpuDevice, runs_stop_between_ops_and_go_on_at_the_next_wait) {
  const ConformanceCase one = make_decoder(tensor::DType::f32);
  const auto program = decode(one.program);
  CaseRun run(one, 2, "");
  std::vector<SequenceData> wanted = run.run({make_text(*program, 5, 0, 200)});
  std::vector<SequenceData> sequences = {make_text(*program, 5, 0, 200)};
  run.add_states(sequences[0]);
  BoundSequences bound(run.device(), sequences);
  const Serial serial = must(run.device().submit(run.executable(), bound.sequences()));
  int timeouts = 0;
  for (;; ++timeouts) {
    ASSERT_LT(timeouts, 1000);
    const auto ended = run.device().wait(serial, 0);
    if (ended) break;
    ASSERT_EQ(ended.error().code(), ErrorCode::timeout);
    EXPECT_EQ(sequences[0].states[0]->length_rows(), 0u);
  }
  EXPECT_GT(timeouts, 2);
  EXPECT_EQ(sequences[0].states[0]->length_rows(), 200u);
  bound.read_back();
  expect_same_bits(sequences, wanted, "after timeouts");
}

TEST(CpuDevice, a_cancelled_run_leaves_the_state_as_it_was) {
  const ConformanceCase one = make_decoder(tensor::DType::f32);
  const auto program = decode(one.program);
  CaseRun run(one, 2, "");
  std::vector<SequenceData> sequences = {make_text(*program, 5, 0, 100)};
  run.add_states(sequences[0]);
  BoundSequences bound(run.device(), sequences);
  const Serial serial = must(run.device().submit(run.executable(), bound.sequences()));
  ASSERT_FALSE(run.device().wait(serial, 0));
  std::thread([&] { run.device().cancel(serial); }).join();
  const auto ended = run.device().wait(serial, kPatienceNs);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::cancelled);
  EXPECT_EQ(sequences[0].states[0]->length_rows(), 0u);
  // The device and the state go on as if nothing had happened.
  const auto wanted = run.run({make_text(*program, 5, 0, 100)});
  const AppendState* const state = sequences[0].states[0];
  must(testing::run(run.device(), run.executable(), sequences));
  EXPECT_EQ(state->length_rows(), 100u);
  expect_same_bits(sequences, wanted, "after a cancelled run");
}

TEST(CpuDevice, cancelling_what_is_not_in_flight_does_nothing) {
  const auto device = must(open_device("cpu", {}));
  device->cancel(Serial{12});
}

TEST(CpuDevice, a_run_that_fails_leaves_the_state_as_it_was) {
  const ConformanceCase one = make_decoder(tensor::DType::f32);
  const auto program = decode(one.program);
  CaseRun run(one, 2, "");
  std::vector<SequenceData> sequences = {make_text(*program, 5, 0, 3)};
  run.add_states(sequences[0]);
  sequences[0].windows[kRows] = bytes_of(std::vector<std::int32_t>{0, 1, 3});
  const auto failed = testing::run(run.device(), run.executable(), sequences);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
  EXPECT_NE(failed.error().message().find("(select_rows): Index 3 is not between 0 and 2."),
            std::string::npos)
      << failed.error().message();
  EXPECT_EQ(sequences[0].states[0]->length_rows(), 0u);
}

TEST(CpuDevice, submissions_are_done_in_order_whichever_is_waited_for) {
  sdk::Program p;
  const auto a = p.window(DType::f32, {8});
  p.add(a, a, p.window(DType::f32, {8}));
  const auto device = must(open_device("cpu", {}));
  const auto executable = must(device->compile(decode(p), nullptr));
  const auto buffer = must(device->allocate(128));
  const Bytes ones = bytes_of(std::vector<float>(8, 1));
  must(device->upload(*buffer, 0, ones, Purpose::window));
  const Sequence first = {{}, {{buffer.get(), 0}, {buffer.get(), 32}}, {}};
  const Sequence second = {{}, {{buffer.get(), 32}, {buffer.get(), 64}}, {}};
  const Serial one = must(device->submit(executable, std::span(&first, 1)));
  const Serial two = must(device->submit(executable, std::span(&second, 1)));
  must(device->wait(two, kPatienceNs));
  EXPECT_EQ(reinterpret_cast<const float*>(buffer->contents())[16], 4);
  must(device->wait(one, kPatienceNs));
}

TEST(CpuDevice, an_import_is_the_regions_own_bytes) {
  auto region = must(memory::Region::reserve({1 << 17, 1 << 17, 1 << 16}));
  sdk::Program p;
  const auto a = p.window(DType::f32, {8});
  p.add(a, a, p.window(DType::f32, {8}));
  const auto device = must(open_device("cpu", {}));
  const auto executable = must(device->compile(decode(p), nullptr));
  auto import =
      must(memory::Import::acquire(region, {1 << 16, 1 << 16, memory::Access::read_write}));
  const auto window = must(device->import_host(std::move(import)));
  EXPECT_EQ(window->contents(), region->base() + (1 << 16));
  auto* const values = reinterpret_cast<float*>(region->base() + (1 << 16));
  values[0] = 21;
  const Sequence sequence = {{}, {{window.get(), 0}, {window.get(), 32}}, {}};
  must(device->wait(must(device->submit(executable, std::span(&sequence, 1))), kPatienceNs));
  EXPECT_EQ(values[8], 42);
  EXPECT_EQ(device->copied_bytes().total(), 0u);
}

TEST(CpuDevice, memory_of_its_own_is_zero_and_starts_on_a_page) {
  const auto device = must(open_device("cpu", {}));
  const auto buffer = must(device->allocate(10000));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer->contents()) % 4096, 0u);
  for (std::size_t i = 0; i < 10000; ++i) ASSERT_EQ(buffer->contents()[i], std::byte{0});
  const auto huge = device->allocate(std::uint64_t{1} << 50);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code(), ErrorCode::out_of_memory);
}

}  // namespace
}  // namespace driftwood::device::testing
