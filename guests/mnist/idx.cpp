#include "mnist/idx.h"

#include <string>

namespace driftwood::guests::mnist {
namespace {

constexpr std::uint32_t kMagic = 0x00000803;
constexpr std::uint16_t kGzipMagic = 0x1f8b;

std::uint32_t big_endian(std::span<const std::uint8_t> file, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | file[at + i];
  return value;
}

}  // namespace

sdk::Result<Images> parse_idx(std::span<const std::uint8_t> file) {
  if (file.size() >= 2 && (file[0] << 8 | file[1]) == kGzipMagic) {
    return sdk::fail(DW_E_CORRUPT, "The images are compressed by gzip; unpack them first.");
  }
  if (file.size() < kHeaderBytes) {
    return sdk::fail(DW_E_CORRUPT, "The images have " + std::to_string(file.size()) +
                                       " bytes; an IDX header alone has " +
                                       std::to_string(kHeaderBytes) + ".");
  }
  if (const std::uint32_t magic = big_endian(file, 0); magic != kMagic) {
    return sdk::fail(DW_E_CORRUPT, "The images begin with the number " + std::to_string(magic) +
                                       "; an IDX file of images begins with " +
                                       std::to_string(kMagic) + ".");
  }
  const Images images = {big_endian(file, 4), big_endian(file, 8), big_endian(file, 12)};
  const std::uint64_t pixels = std::uint64_t{images.height} * images.width;
  const std::uint64_t given = file.size() - kHeaderBytes;
  // The product of all three may pass 64 bits, but not where one image has no more than are given.
  const bool fits = images.count == 0 || pixels <= given;
  if (!fits || images.count * pixels != given) {
    return sdk::fail(DW_E_CORRUPT, "The images are said to be " + std::to_string(images.count) +
                                       " of " + std::to_string(images.height) + " x " +
                                       std::to_string(images.width) + " pixels; there are " +
                                       std::to_string(given) + " bytes of pixels.");
  }
  return images;
}

}  // namespace driftwood::guests::mnist
