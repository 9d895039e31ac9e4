// A case compiled on a device, with the states that its sequences need.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "device/append_state.h"
#include "device/test_cases.h"

namespace driftwood::device::testing {

class CaseRun {
 public:
  // Errors: those of Device::compile.
  static Result<CaseRun> create(const ConformanceCase& one, std::unique_ptr<Device> device) {
    DW_TRY_ASSIGN(auto executable, device->compile(decode(one.program), one.weights));
    return CaseRun(std::move(device), std::move(executable));
  }

  // On the CPU.
  CaseRun(const ConformanceCase& one, unsigned threads, std::string_view isa)
      : device_(must(open_device("cpu", {threads, std::string(isa)}))),
        executable_(must(device_->compile(decode(one.program), one.weights))) {}

  // The sequences with their results; each gets new states.
  std::vector<SequenceData> run(std::vector<SequenceData> sequences) {
    for (SequenceData& sequence : sequences) add_states(sequence);
    must(testing::run(*device_, executable_, sequences));
    return sequences;
  }

  // Binds new, empty states to a sequence.
  void add_states(SequenceData& sequence) {
    sequence.states.clear();
    for (const graph::StateSlot& slot : executable_->program().states) {
      states_.push_back(must(AppendState::create(
          *device_, {slot.dtype, slot.plane_count, slot.head_count, slot.head_dim, 4096})));
      sequence.states.push_back(states_.back().get());
    }
  }

  Device& device() { return *device_; }
  const std::shared_ptr<const Executable>& executable() { return executable_; }

 private:
  CaseRun(std::unique_ptr<Device> device, std::shared_ptr<const Executable> executable)
      : device_(std::move(device)), executable_(std::move(executable)) {}

  std::unique_ptr<Device> device_;
  std::shared_ptr<const Executable> executable_;
  std::vector<std::unique_ptr<AppendState>> states_;
};

inline void expect_same_bits(const std::vector<SequenceData>& got,
                             const std::vector<SequenceData>& wanted, std::string_view what) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t s = 0; s < got.size(); ++s) {
    for (std::size_t w = 0; w < got[s].windows.size(); ++w) {
      EXPECT_TRUE(got[s].windows[w] == wanted[s].windows[w])
          << what << ": window " << w << " of sequence " << s << " has other bits";
    }
  }
}

}  // namespace driftwood::device::testing
