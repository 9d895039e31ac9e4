// Suites that run once for each instruction set; the ones that this build or machine lacks are
// printed as skipped. Use: `using AddPerIsa = PerIsa;`, then INSTANTIATE_TEST_SUITE_P(, AddPerIsa,
// kEveryIsa, isa_name) and TEST_P.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "device/cpu/isa.h"

namespace driftwood::device::testing {

class PerIsa : public ::testing::TestWithParam<cpu::Isa> {
 protected:
  void SetUp() override {
    const auto usable = cpu::usable_isas();
    if (std::ranges::find(usable, GetParam()) == usable.end()) {
      GTEST_SKIP() << "This build or machine has no " << cpu::name(GetParam()) << ".";
    }
  }
};

inline const auto kEveryIsa =
    ::testing::Values(cpu::Isa::portable, cpu::Isa::neon, cpu::Isa::avx2, cpu::Isa::avx512);

inline std::string isa_name(const ::testing::TestParamInfo<cpu::Isa>& info) {
  return std::string(cpu::name(info.param));
}

}  // namespace driftwood::device::testing
