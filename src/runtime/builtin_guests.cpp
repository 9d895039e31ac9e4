#include "runtime/builtin_guests.h"

#include <array>
#include <utility>

#include "embedded/llama.h"
#include "embedded/matmul.h"
#include "embedded/mnist.h"
#include "embedded/probe.h"
#include "embedded/vad.h"

namespace driftwood {

Result<std::span<const std::byte>> builtin_guest_bytes(std::string_view name) {
  const std::array<std::pair<std::string_view, std::span<const std::byte>>, 5> guests = {{
      {"llama", embedded::llama()},
      {"matmul", embedded::matmul()},
      {"mnist", embedded::mnist()},
      {"probe", embedded::probe()},
      {"vad", embedded::vad()},
  }};
  for (const auto& [known, bytes] : guests) {
    if (known == name) return bytes;
  }
  return fail(ErrorCode::not_found,
              "There is no built-in guest \"{}\"; there are llama, matmul, mnist, probe and vad.",
              name);
}

}  // namespace driftwood
