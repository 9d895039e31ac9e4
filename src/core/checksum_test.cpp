#include "core/checksum.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace driftwood {
namespace {

// The bytes that the authors' own check of the algorithm uses.
std::vector<std::byte> published_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::uint64_t generator = 2654435761u;
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(generator >> 56);
    generator *= 11400714785074694797ull;
  }
  return bytes;
}

TEST(Checksum, equals_the_published_values) {
  const auto checksum = [](std::size_t size) { return xxh3(published_bytes(size)); };
  EXPECT_EQ(checksum(0), 0x2D06800538D394C2);
  EXPECT_EQ(checksum(1), 0xC44BDFF4074EECDB);
  EXPECT_EQ(checksum(6), 0x27B56A84CD2D7325);
  EXPECT_EQ(checksum(12), 0xA713DAF0DFBB77E7);
  EXPECT_EQ(checksum(24), 0xA3FE70BF9D3510EB);
  EXPECT_EQ(checksum(48), 0x397DA259ECBA1F11);
  EXPECT_EQ(checksum(80), 0xBCDEFBBB2C47C90A);
  EXPECT_EQ(checksum(195), 0xCD94217EE362EC3A);
  EXPECT_EQ(checksum(403), 0xCDEB804D65C6DEA4);
  EXPECT_EQ(checksum(2048), 0xDD59E2C3A5F038E0);
}

TEST(Checksum, is_the_same_however_the_bytes_are_cut) {
  const auto bytes = published_bytes(5000);
  const auto whole = std::span<const std::byte>(bytes);
  for (std::size_t cut = 0; cut <= whole.size(); cut += 97) {
    const std::array parts = {whole.first(cut), std::span<const std::byte>(), whole.subspan(cut)};
    EXPECT_EQ(xxh3(parts), xxh3(whole)) << cut;
  }
}

TEST(Checksum, sees_every_changed_bit) {
  auto bytes = published_bytes(300);
  const std::uint64_t right = xxh3(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_NE(xxh3(bytes), right) << bit;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

}  // namespace
}  // namespace driftwood
