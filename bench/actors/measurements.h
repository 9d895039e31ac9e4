// What is measured of actors; each adds its figures to the report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/report.h"
#include "actors/setup.h"
#include "core/error.h"

namespace driftwood::costs {

struct SavingOptions {
  std::vector<std::uint32_t> tokens;  // rows of the cache
  std::uint32_t rounds;
  std::uint32_t steps;  // rounds in which tokens are made after the thaw
  std::string folder;   // for files
};
// What freezing and thawing a conversation of so many tokens takes, and its next token.
Result<void> measure_saving(const Setup& setup, const SavingOptions& options, Report& report);

struct ForkingOptions {
  std::uint32_t tokens;
  std::uint32_t rounds;
  std::uint32_t forks;  // alive at once, each told something else
};
// What forks of a live conversation take, in time and memory, and whether each goes its own way.
Result<void> measure_forking(const Setup& setup, const ForkingOptions& options, Report& report);

struct ParkingOptions {
  std::uint32_t actors;
  std::uint32_t tokens;  // of each one's own text
  std::string folder;    // for files
};
// What actors that wait in files hold of memory, and how soon they answer. Errors: corrupt for an
// answer that is not that of an actor which was never parked.
Result<void> measure_parking(const Setup& setup, const ParkingOptions& options, Report& report);

}  // namespace driftwood::costs
