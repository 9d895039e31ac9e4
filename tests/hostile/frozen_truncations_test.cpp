// Files of frozen actors that end too soon, and files of the format that are no actors at all.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "actor/thaw.h"
#include "support/allocations.h"
#include "support/frozen_bases.h"
#include "support/reference_data.h"

namespace driftwood::test {
namespace {

// `constant_bytes`: beyond the file's own, what its header may take as a tree.
void expect_refusal(std::span<const std::byte> bytes, const std::string& what,
                    std::uint64_t constant_bytes) {
  const Allocations allocations;
  {
    const auto refused = actor::frozen::File::of(bytes);
    ASSERT_FALSE(refused) << what;
    EXPECT_FALSE(refused.error().message().empty());
    EXPECT_NE(refused.error().code(), ErrorCode::guest_failed);
  }
  EXPECT_LE(allocations.peak_bytes(), bytes.size() + constant_bytes) << what;
}

TEST(FrozenTruncations, every_one_is_refused) {
  const FrozenBase base = small_frozen_bases().front();
  for (std::size_t size = 0; size < base.bytes.size(); ++size) {
    // In a block of exactly this size, so that a sanitizer sees a byte read past its end.
    const std::vector<std::byte> cut(base.bytes.begin(),
                                     base.bytes.begin() + static_cast<std::ptrdiff_t>(size));
    expect_refusal(cut, fmt::format("{} bytes", size), 1 << 16);
  }
}

TEST(FrozenTruncations, the_vectors_of_the_format_are_no_actors) {
  const std::string folder = reference_folder("safetensors-vectors");
  DW_NEED_DATA(folder);
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    expect_refusal(std::as_bytes(std::span(text)), entry.path().filename(),
                   actor::frozen::kMostHeadBytes);
    const auto on_disk = actor::frozen::File::open(entry.path());
    ASSERT_FALSE(on_disk);
    EXPECT_NE(on_disk.error().message().find(entry.path().filename()), std::string::npos);
    ++count;
  }
  EXPECT_GT(count, 10u);
}

}  // namespace
}  // namespace driftwood::test
