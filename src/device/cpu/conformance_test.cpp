#include "device/cpu/test_conformance.h"

#include "device/test_reference_run.h"

namespace driftwood::device::testing {
namespace {

// Largest difference from the reference, as a share of the largest value of the tensor. Inputs are
// converted exactly and the references compute in f64 from the same inputs, so only the order of
// sums counts.
struct Tolerance {
  tensor::DType dtype;  // of weights and states
  double share;
};
constexpr Tolerance kTolerances[] = {
    {tensor::DType::f32, 4e-6},
    {tensor::DType::bf16, 4e-6},
    {tensor::DType::f16, 4e-6},
};

double tolerance(tensor::DType dtype) {
  return std::ranges::find(kTolerances, dtype, &Tolerance::dtype)->share;
}

void expect_close(const Bytes& got, const Bytes& wanted, double share, std::string_view what) {
  const auto a = values_of<float>(got), b = values_of<float>(wanted);
  double largest = 1e-30, difference = 0;
  std::size_t where = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (std::isinf(b[i]) && a[i] == b[i]) continue;
    largest = std::max(largest, std::abs(double{b[i]}));
    const double here = std::abs(double{a[i]} - b[i]);
    if (!(here <= difference)) difference = here, where = i;
  }
  EXPECT_LE(difference, share * largest) << what << ": element " << where << " of " << a.size()
                                         << " is " << a[where] << " instead of " << b[where];
}

void expect_like_reference(const ConformanceCase& one, const std::vector<SequenceData>& got) {
  const auto program = decode(one.program);
  for (std::size_t s = 0; s < got.size(); ++s) {
    SequenceData wanted = one.sequences[s];
    DenseStates states;
    must(ReferenceRun(*program, one.weights.get(), wanted, states, 0).run());
    for (std::size_t slot = 0; slot < program->windows.size(); ++slot) {
      if (!program->windows[slot].written) continue;
      const std::string what =
          one.name + ", sequence " + std::to_string(s) + ", window " + std::to_string(slot);
      if (program->tensors[program->windows[slot].tensor].dtype == tensor::DType::i32) {
        EXPECT_TRUE(got[s].windows[slot] == wanted.windows[slot]) << what << " differs";
      } else {
        expect_close(got[s].windows[slot], wanted.windows[slot], tolerance(one.dtype), what);
      }
    }
  }
}

// Row r of a sequence as a sequence of its own. For programs whose only symbol counts rows.
SequenceData take_row(const graph::Program& program, const SequenceData& from, std::size_t r) {
  SequenceData row{{1}, {}, {}};
  for (std::size_t slot = 0; slot < from.windows.size(); ++slot) {
    const Bytes& bytes = from.windows[slot];
    const tensor::SymbolicShape& shape = program.tensors[program.windows[slot].tensor].shape;
    if (shape[0].is_constant()) {
      row.windows.push_back(bytes);
    } else {
      const std::size_t row_bytes = bytes.size() / from.symbols[0];
      const auto start = bytes.begin() + static_cast<std::ptrdiff_t>(r * row_bytes);
      row.windows.emplace_back(start, start + static_cast<std::ptrdiff_t>(row_bytes));
    }
  }
  return row;
}

}  // namespace

CaseRun::CaseRun(const ConformanceCase& one, unsigned threads, cpu::Isa isa)
    : device_(must(open_device("cpu", {threads, std::string(cpu::name(isa))}))),
      executable_(must(device_->compile(decode(one.program), one.weights))) {}

std::vector<SequenceData> CaseRun::run(std::vector<SequenceData> sequences) {
  for (SequenceData& sequence : sequences) add_states(sequence);
  must(testing::run(*device_, executable_, sequences));
  return sequences;
}

void CaseRun::add_states(SequenceData& sequence) {
  sequence.states.clear();
  for (const graph::StateSlot& slot : executable_->program().states) {
    states_.push_back(must(AppendState::create(
        *device_, {slot.dtype, slot.plane_count, slot.head_count, slot.head_dim, 4096})));
    sequence.states.push_back(states_.back().get());
  }
}

void expect_same_bits(const std::vector<SequenceData>& got, const std::vector<SequenceData>& wanted,
                      std::string_view what) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t s = 0; s < got.size(); ++s) {
    for (std::size_t w = 0; w < got[s].windows.size(); ++w) {
      EXPECT_TRUE(got[s].windows[w] == wanted[s].windows[w])
          << what << ": window " << w << " of sequence " << s << " has other bits";
    }
  }
}

void expect_conforms(const ConformanceCase& one, cpu::Isa isa) {
  SCOPED_TRACE(one.name);
  CaseRun first(one, 1, cpu::Isa::portable);
  const std::vector<SequenceData> wanted = first.run(one.sequences);
  if (isa == cpu::Isa::portable) expect_like_reference(one, wanted);
  for (const unsigned threads : {1u, 2u, 5u}) {
    const std::string what = std::to_string(threads) + " threads";
    CaseRun run(one, threads, isa);
    expect_same_bits(run.run(one.sequences), wanted, what);
    for (std::size_t s = 0; s < one.sequences.size() && one.sequences.size() > 1; ++s) {
      expect_same_bits(run.run({one.sequences[s]}), {wanted[s]}, what + ", alone");
    }
  }
}

void expect_rows_alone(const ConformanceCase& one) {
  SCOPED_TRACE(one.name);
  const auto program = decode(one.program);
  CaseRun run(one, 2, cpu::usable_isas().front());
  for (const SequenceData& sequence : one.sequences) {
    const SequenceData together = run.run({sequence}).front();
    for (std::size_t r = 0; r < sequence.symbols[0]; ++r) {
      expect_same_bits(run.run({take_row(*program, sequence, r)}),
                       {take_row(*program, together, r)}, "row " + std::to_string(r));
    }
  }
}

}  // namespace driftwood::device::testing
