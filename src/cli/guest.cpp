#include "cli/guest.h"

#include <fmt/format.h>

#include <cstdint>
#include <span>

#include "cli/input.h"

namespace driftwood::cli {
namespace {

constexpr std::uint64_t kMostGuestBytes = std::uint64_t{256} << 20;

}  // namespace

Result<GuestModule> find_guest(const Runtime& runtime, const std::string& guest) {
  if (guest.empty()) return runtime.builtin_guest("llama");
  if (guest.find_first_of("./") == std::string::npos) return runtime.builtin_guest(guest);
  auto bytes = read_input(guest, kMostGuestBytes);
  if (!bytes) return std::unexpected(bytes.error());
  auto module = runtime.compile_guest(std::as_bytes(std::span(*bytes)));
  if (!module)
    return std::unexpected(module.error().with_context(fmt::format("Guest \"{}\"", guest)));
  return module;
}

}  // namespace driftwood::cli
