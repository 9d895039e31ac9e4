#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

ConformanceCase make_top_logits(std::uint32_t width, std::uint32_t best, std::uint32_t given,
                                std::initializer_list<std::uint32_t> rows) {
  ConformanceCase one{.name = "top_logits " + std::to_string(width) + " " + std::to_string(best)};
  sdk::Program& program = one.program;
  const sdk::Symbol row = program.symbol(100);
  const auto logits = program.window(DType::f32, {row, width});
  const auto ids = program.window(DType::i32, {row, given});
  program.top_logits(
      logits, ids, best,
      sdk::TopLogits{program.window(DType::i32, {row, best}),
                     program.window(DType::f32, {row, best}), program.window(DType::f32, {row}),
                     program.window(DType::f32, {row, given})});
  Random random(width);
  add_sequences(one, rows, [&](SequenceData& sequence) {
    fill_random(sequence.windows[0], random, 4);
    sequence.windows[1] = bytes_of(
        random.indices(std::size_t{given} * sequence.symbols[0], static_cast<std::int32_t>(width)));
  });
  return one;
}

Result<void> run_alone(ConformanceCase& one) {
  CaseRun run(one, 1, cpu::usable_isas().front());
  return testing::run(run.device(), run.executable(), one.sequences);
}

using TopLogitsPerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, TopLogitsPerIsa, kEveryIsa, isa_name);

TEST_P(TopLogitsPerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  expect_conforms(make_top_logits(1, 1, 1, {1, 0, 3}), GetParam());
  expect_conforms(make_top_logits(17, 17, 2, {3, 0, 70, 1}), GetParam());
  expect_conforms(make_top_logits(1000, 5, 1, {3, 1}), GetParam());
  expect_conforms(make_top_logits(5003, 256, 1, {2}), GetParam());
}

TEST(TopLogits, rows_together_equal_rows_alone) {
  expect_rows_alone(make_top_logits(100, 10, 1, {9}));
}

TEST_P(TopLogitsPerIsa, the_lower_id_comes_first_among_equals) {
  ConformanceCase one = make_top_logits(300, 7, 1, {2});
  std::vector<float> logits(600);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i % 3);
  one.sequences[0].windows[0] = bytes_of(logits);
  expect_conforms(one, GetParam());
}

TEST_P(TopLogitsPerIsa, ascending_and_descending_logits_are_ranked) {
  ConformanceCase one = make_top_logits(1000, 256, 1, {2});
  std::vector<float> logits(2000);
  for (std::size_t i = 0; i < 1000; ++i) {
    logits[i] = static_cast<float>(i) / 100;
    logits[1999 - i] = static_cast<float>(i) / 100;
  }
  one.sequences[0].windows[0] = bytes_of(logits);
  expect_conforms(one, GetParam());
}

TEST_P(TopLogitsPerIsa, an_infinite_largest_logit_is_the_log_sum_exp) {
  for (const float largest :
       {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
    ConformanceCase one = make_top_logits(20, 3, 1, {1});
    std::vector<float> logits(20, -std::numeric_limits<float>::infinity());
    logits[7] = largest;
    one.sequences[0].windows[0] = bytes_of(logits);
    expect_conforms(one, GetParam());
  }
}

TEST(TopLogits, logits_that_are_not_numbers_fail_the_run_by_name) {
  for (const std::size_t place : {0, 5, 99}) {
    ConformanceCase one = make_top_logits(100, 3, 1, {1});
    auto logits = values_of<float>(one.sequences[0].windows[0]);
    logits[place] = std::nanf("");
    one.sequences[0].windows[0] = bytes_of(logits);
    const auto failed = run_alone(one);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(failed.error().message(), "Op 0 (top_logits): A logit is not a number.");
  }
}

TEST(TopLogits, ids_outside_the_row_fail_the_run_by_name) {
  for (const std::int32_t id : {-1, 100, 1 << 30}) {
    ConformanceCase one = make_top_logits(100, 3, 1, {1});
    one.sequences[0].windows[1] = bytes_of(std::vector<std::int32_t>{id});
    const auto failed = run_alone(one);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
    EXPECT_NE(failed.error().message().find("Op 0 (top_logits): Index"), std::string::npos);
  }
}

}  // namespace
}  // namespace driftwood::device::testing
