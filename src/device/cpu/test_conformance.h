// A program on each instruction set and several thread counts: against the plain references within
// the dtype's tolerance, and bit for bit against the portable kernels, together and alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "device/cpu/isa.h"
#include "device/cpu/test_per_isa.h"
#include "device/test_support.h"

namespace driftwood::device::testing {

inline constexpr tensor::DType kWeightDTypes[] = {tensor::DType::f32, tensor::DType::bf16,
                                                  tensor::DType::f16};

inline sdk::DType sdk_dtype(tensor::DType dtype) {
  return static_cast<sdk::DType>(dtype);
}

// A case: the program, its weights, and the sequences that run together from empty states.
struct ConformanceCase {
  std::string name;
  sdk::Program program = {};
  std::shared_ptr<MemoryWeights> weights = std::make_shared<MemoryWeights>();
  std::vector<SequenceData> sequences = {};
  tensor::DType dtype = tensor::DType::f32;
};

// One device with the states that each sequence of a case needs.
class CaseRun {
 public:
  CaseRun(const ConformanceCase& one, unsigned threads, cpu::Isa isa);

  // The sequences with their results; each gets new states.
  std::vector<SequenceData> run(std::vector<SequenceData> sequences);

  // Binds new, empty states to a sequence.
  void add_states(SequenceData& sequence);

  Device& device() { return *device_; }
  const std::shared_ptr<const Executable>& executable() { return executable_; }

 private:
  std::unique_ptr<Device> device_;
  std::shared_ptr<const Executable> executable_;
  std::vector<std::unique_ptr<AppendState>> states_;
};

void expect_same_bits(const std::vector<SequenceData>& got, const std::vector<SequenceData>& wanted,
                      std::string_view what);

// Fails the test where the case breaks one of the rules above on this instruction set. The portable
// one is what is held against the references.
void expect_conforms(const ConformanceCase& one, cpu::Isa isa);

// That each row of each sequence has the bits that it has when it runs by itself.
void expect_rows_alone(const ConformanceCase& one);

// Sequences with these numbers of rows, filled by `fill(program, sequence)`.
template <typename Fill>
void add_sequences(ConformanceCase& one, std::initializer_list<std::uint32_t> rows, Fill&& fill) {
  const auto program = decode(one.program);
  for (const std::uint32_t count : rows) {
    one.sequences.push_back(make_sequence(*program, {count}));
    fill(one.sequences.back());
  }
}

// Fills a window with random numbers.
inline void fill_random(Bytes& window, Random& random, float scale = 1) {
  window = bytes_of(random.floats(window.size() / sizeof(float), scale));
}

}  // namespace driftwood::device::testing
