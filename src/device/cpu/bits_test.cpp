// The CPU's bits: every instruction set, number of threads and mixture of sequences gives the bits
// of tests/goldens/bits.txt, so that machines are compared through that file. When the order of
// sums changes (docs/numerics.md, a new version), a failing run prints the file's new lines.
#include <gtest/gtest.h>

#include "core/hash.h"
#include "device/cpu/test_golden_bits.h"
#include "device/cpu/test_per_isa.h"
#include "device/test_case_rows.h"
#include "device/test_case_run.h"
#include "ops/op_list.h"

namespace driftwood::device::testing {
namespace {

std::uint64_t hash_of(const ConformanceCase& one, const std::vector<SequenceData>& results) {
  const auto program = decode(one.program);
  std::uint64_t hash = kHashOfNothing;
  for (const SequenceData& sequence : results) {
    for (std::size_t slot = 0; slot < program->windows.size(); ++slot) {
      if (program->windows[slot].written) hash = fnv1a(sequence.windows[slot], hash);
    }
  }
  return hash;
}

using IsaAndOp = std::tuple<cpu::Isa, std::string_view>;

std::vector<std::string_view> op_names() {
  std::vector<std::string_view> names;
  for (const ops::OpDefinition* op : ops::all_ops()) {
    if (op->name != "append_rows") names.push_back(op->name);  // attention's cases are its own
  }
  return names;
}

class Bits : public ::testing::TestWithParam<IsaAndOp> {};
INSTANTIATE_TEST_SUITE_P(, Bits, ::testing::Combine(kEveryIsa, ::testing::ValuesIn(op_names())),
                         [](const auto& info) {
                           return std::string(cpu::name(std::get<0>(info.param))) + "_" +
                                  std::string(std::get<1>(info.param));
                         });

TEST_P(Bits, are_those_of_every_machine_thread_count_and_batch) {
  const auto [isa, op] = GetParam();
  if (std::ranges::count(cpu::usable_isas(), isa) == 0) {
    GTEST_SKIP() << "This build or machine has no " << cpu::name(isa) << ".";
  }
  for (const ConformanceCase& one : cases_of(op)) {
    SCOPED_TRACE(one.name);
    CaseRun alone(one, 1, cpu::name(isa));
    const std::vector<SequenceData> results = alone.run(one.sequences);
    expect_golden_bits(one.name, hash_of(one, results));
    for (const unsigned threads : {2u, 3u}) {
      expect_same_bits(CaseRun(one, threads, cpu::name(isa)).run(one.sequences), results,
                       std::to_string(threads) + " threads");
    }
    for (std::size_t s = 0; s < results.size(); ++s) {
      expect_same_bits(alone.run({one.sequences[s]}), {results[s]}, "alone");
      if (has_independent_rows(alone.executable()->program())) {
        expect_rows_alone(alone, one.sequences[s], results[s]);
      }
    }
  }
}

}  // namespace
}  // namespace driftwood::device::testing
