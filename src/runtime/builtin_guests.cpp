#include "runtime/builtin_guests.h"

#include <array>
#include <utility>

#include "embedded/llama.h"
#include "embedded/matmul.h"
#include "embedded/probe.h"

namespace driftwood {

Result<std::span<const std::byte>> builtin_guest_bytes(std::string_view name) {
  const std::array<std::pair<std::string_view, std::span<const std::byte>>, 3> guests = {{
      {"llama", embedded::llama()},
      {"matmul", embedded::matmul()},
      {"probe", embedded::probe()},
  }};
  for (const auto& [known, bytes] : guests) {
    if (known == name) return bytes;
  }
  return fail(ErrorCode::not_found,
              "There is no built-in guest \"{}\"; there are llama, matmul and probe.", name);
}

}  // namespace driftwood
