#include "model/fingerprint.h"

#include <driftwood_crates.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace driftwood::model {
namespace {

class Collector {
 public:
  void add(std::span<const std::byte> from) { bytes.insert(bytes.end(), from.begin(), from.end()); }
  void add(std::string_view text) {
    add(std::as_bytes(std::span(text)));
    bytes.push_back(std::byte{0});
  }
  void add(std::uint64_t number) { add(std::as_bytes(std::span(&number, 1))); }

  std::vector<std::byte> bytes;
};

void add_sample(std::span<const std::byte> weight, Collector& collector) {
  if (weight.size() <= kWholeBytes) return collector.add(weight);
  const std::size_t step = (weight.size() - kPieceBytes) / (kPieces - 1);
  for (std::size_t i = 0; i < kPieces; ++i) collector.add(weight.subspan(i * step, kPieceBytes));
}

}  // namespace

std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<int>(byte));
  return text;
}

std::string digest_of(std::span<const std::byte> bytes) {
  std::array<std::byte, 32> digest;
  dw_sha256(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
            reinterpret_cast<std::uint8_t*>(digest.data()));
  return hexadecimal(digest);
}

std::string digest_of_settings(const std::string& config_json,
                               const std::string& generation_config_json) {
  std::string settings = config_json;
  if (generation_config_json != "{}") settings += '\0' + generation_config_json;
  return digest_of(std::as_bytes(std::span(settings)));
}

std::string digest_of(const device::WeightSource& weights) {
  Collector collector;
  for (const std::string& name : weights.names()) {
    const auto weight = weights.find(name);
    if (!weight) continue;  // a name of the source's own list is found
    collector.add(std::string_view(name));
    collector.add(std::uint64_t{weight->shape.size()});
    for (const std::uint64_t dim : weight->shape) collector.add(dim);
    collector.add(tensor::safetensors_name(weight->dtype));
    add_sample(weight->bytes, collector);
  }
  return digest_of(collector.bytes);
}

}  // namespace driftwood::model
