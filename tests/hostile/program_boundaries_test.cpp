// Each field of each record of a program set to the values at its boundaries. The program is
// refused, or it is taken and then runs; nothing else happens, on each device.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "device/registry.h"
#include "ops/op_list.h"
#include "support/devices.h"
#include "support/program_fate.h"
#include "support/sample_programs.h"

namespace driftwood::test {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;

class ProgramBoundaries
    : public testing::TestWithParam<std::tuple<const char*, std::size_t, SampleProgram>> {
 protected:
  void SetUp() override {
    const char* const kind = std::get<0>(GetParam());
    DW_NEED_DEVICE(kind);
    device = open_device_of_kind(kind, {.thread_count = 1});
    runner.emplace(*device, kMostBytes);
  }

  std::unique_ptr<device::Device> device;
  std::optional<ProgramRunner> runner;
  const std::size_t field_bytes = std::get<1>(GetParam());
  const std::vector<std::uint8_t> good = std::get<2>(GetParam()).encoded;
};

INSTANTIATE_TEST_SUITE_P(Fields, ProgramBoundaries,
                         testing::Combine(kEveryDevice, testing::Values(2, 4, 8),
                                          testing::ValuesIn(sample_programs())),
                         [](const auto& info) {
                           return std::get<0>(info.param) + ("_" + std::get<2>(info.param).name) +
                                  "_of_" + std::to_string(std::get<1>(info.param)) + "_bytes";
                         });

TEST(SamplePrograms, have_every_op_and_every_place) {
  std::set<ops::OpNumber> ops;
  std::set<ops::Place> places;
  for (const SampleProgram& sample : sample_programs()) {
    const auto program = graph::decode_program(std::as_bytes(std::span(sample.encoded)));
    ASSERT_TRUE(program) << sample.name << ": " << program.error().message();
    for (const graph::Op& op : (*program)->ops) ops.insert(op.definition->number);
    for (const graph::Tensor& tensor : (*program)->tensors) places.insert(tensor.place);
  }
  for (const ops::OpDefinition* op : ops::all_ops()) {
    EXPECT_TRUE(ops.contains(op->number))
        << op->name << " is in none of the programs of tests/support/sample_programs.h";
  }
  EXPECT_EQ(places.size(), 5u);
}

TEST_P(ProgramBoundaries, every_field_takes_every_boundary_value) {
  ASSERT_EQ(runner->fate_of(good), Fate::ran);
  const std::uint64_t most = ~std::uint64_t{0} >> (64 - 8 * field_bytes);
  std::map<Fate, int> count;
  for (std::size_t at = 0; at + field_bytes <= good.size(); at += field_bytes) {
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{1}, most, most - 1, most / 2, most / 2 + 1}) {
      std::vector<std::uint8_t> broken = good;
      for (std::size_t i = 0; i < field_bytes; ++i) {
        broken[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
      }
      ++count[runner->fate_of(broken)];
    }
  }
  // Both ends are reached, or the test asks for nothing.
  EXPECT_GT(count[Fate::refused], 100);
  EXPECT_GT(count[Fate::ran], 10);
}

TEST_P(ProgramBoundaries, neighbouring_fields_take_the_extremes_together) {
  const std::size_t pair_bytes = 2 * field_bytes;
  int refused = 0;
  for (std::size_t at = 0; at + pair_bytes <= good.size(); at += field_bytes) {
    for (const std::uint8_t fill : {0x00, 0xff, 0x7f, 0x80, 0x01}) {
      std::vector<std::uint8_t> broken = good;
      std::fill_n(broken.begin() + static_cast<std::ptrdiff_t>(at), pair_bytes, fill);
      refused += runner->fate_of(broken) == Fate::refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace driftwood::test
