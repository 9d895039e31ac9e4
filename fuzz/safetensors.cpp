// The bytes of a safetensors file.
#include "format/safetensors.h"

#include <algorithm>
#include <memory>

#include "core/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace driftwood;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto file = format::Safetensors::parse(bytes);
  if (!file) {
    DW_CHECK(!file.error().message().empty());
    return 0;
  }
  std::size_t sum_bytes = 0;
  for (const auto& [name, view] : file->tensors()) {
    sum_bytes += view.bytes.size();
    // Reads the ends of each view, so that one outside the file is seen.
    if (!view.bytes.empty()) {
      DW_CHECK(std::min(view.bytes.front(), view.bytes.back()) <= std::byte{255});
    }
    DW_CHECK(file->find(name) == &view);
  }
  DW_CHECK(sum_bytes + file->header_bytes() + 8 <= size);
  return 0;
}
