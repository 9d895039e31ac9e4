#include "device/cpu/isa.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "device/cpu/targets.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

namespace driftwood::device::cpu {
namespace {

constexpr Isa kBestFirst[] = {Isa::avx512, Isa::avx2, Isa::neon, Isa::portable};

bool is_usable(Isa isa) {
  constexpr PerIsa<std::int64_t> kTargets = {0, HWY_NEON, HWY_AVX2, HWY_AVX3};
  if (isa == Isa::portable) return true;
  return (hwy::SupportedTargets() & HWY_TARGETS & kTargets.of(isa)) != 0;
}

}  // namespace

std::string_view name(Isa isa) {
  return PerIsa<std::string_view>{"portable", "neon", "avx2", "avx512"}.of(isa);
}

std::vector<Isa> usable_isas() {
  std::vector<Isa> usable;
  std::ranges::copy_if(kBestFirst, std::back_inserter(usable), is_usable);
  return usable;
}

Result<Isa> choose_isa(std::string_view wanted) {
  const std::vector<Isa> usable = usable_isas();
  if (wanted.empty()) return usable.front();
  const auto named = [wanted](Isa isa) { return name(isa) == wanted; };
  if (const auto isa = std::ranges::find_if(usable, named); isa != usable.end()) return *isa;
  std::vector<std::string_view> names;
  for (const Isa isa : usable) names.push_back(name(isa));
  if (std::ranges::none_of(kBestFirst, named)) {
    return fail(ErrorCode::invalid_argument, "There is no instruction set \"{}\"; usable here: {}.",
                wanted, fmt::join(names, ", "));
  }
  return fail(ErrorCode::unsupported, "This machine cannot run \"{}\"; usable here: {}.", wanted,
              fmt::join(names, ", "));
}

}  // namespace driftwood::device::cpu
