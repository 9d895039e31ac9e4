// Instruction sets that kernels are built for. All give the same bits; the choice is one of speed.
#pragma once

#include <string_view>
#include <vector>

#include "core/error.h"

namespace driftwood::device::cpu {

enum class Isa { portable, neon, avx2, avx512 };

std::string_view name(Isa isa);

// Those that this build has and this machine can run, best first. `portable` is always the last.
std::vector<Isa> usable_isas();

// The isa of this name; the best usable one for an empty name.
// Errors: invalid_argument for an unknown name; unsupported for one that is not usable here.
Result<Isa> choose_isa(std::string_view name);

// One value for each instruction set; null where the build has none.
template <typename T>
struct PerIsa {
  T portable, neon, avx2, avx512;

  T of(Isa isa) const {
    return isa == Isa::avx512 ? avx512
           : isa == Isa::avx2 ? avx2
           : isa == Isa::neon ? neon
                              : portable;
  }
};

}  // namespace driftwood::device::cpu
