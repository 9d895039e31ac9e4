// verify_frozen on files that were changed: what no actor can be is found without the model.
#include <driftwood/frozen.h>
#include <gtest/gtest.h>

#include <random>

#include "actor/thaw.h"
#include "core/log.h"
#include "os/test_folder.h"
#include "support/frozen_bases.h"
#include "support/frozen_parts.h"

namespace driftwood::test {
namespace {

constexpr unsigned kMutations = 300;
constexpr std::uint64_t kSeed = 20;

class Random : public Choices {
 public:
  std::uint64_t below(std::uint64_t count) override { return generator_() % count; }

 private:
  std::mt19937_64 generator_{kSeed};
};

class FrozenVerify : public testing::Test {
 protected:
  FrozenVerify() {
    log::configure(log::Level::error, [](log::Level, std::string_view) {});
  }

  static const std::vector<FrozenBase>& bases() {
    static const std::vector<FrozenBase> kBases = small_frozen_bases();
    return kBases;
  }

  // With the module, without which less can be checked.
  static FrozenParts whole(const FrozenBase& base) {
    FrozenParts parts(base.bytes);
    const auto wasm = base.module->wasm();
    parts.tensors.push_back({"module", "U8", {wasm.size()}, {wasm.begin(), wasm.end()}});
    FrozenParts::Tensor& sums = parts.tensor("checksums");
    sums.bytes.resize(sums.bytes.size() + sizeof(std::uint64_t));
    sums.shape = {sums.bytes.size() / sizeof(std::uint64_t)};
    return parts;
  }

  Result<void> verify(const std::vector<std::byte>& bytes) const {
    return verify_frozen(
        folder_.write("actor", {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  }

  static Result<void> thaw(const FrozenBase& base, const std::vector<std::byte>& bytes) {
    DW_TRY_ASSIGN(const auto file, actor::frozen::File::of(bytes));
    DW_TRY(actor::thaw(file, base.services, base.module));
    return {};
  }

  os::TestFolder folder_;
};

TEST_F(FrozenVerify, whole_files_are_whole_with_and_without_their_module) {
  for (const FrozenBase& base : bases()) {
    const auto thin = verify(FrozenParts(base.bytes).file());
    EXPECT_TRUE(thin) << base.name << ": " << thin.error().message();
    const auto verified = verify(whole(base).file());
    EXPECT_TRUE(verified) << base.name << ": " << verified.error().message();
  }
}

TEST_F(FrozenVerify, a_byte_that_has_not_its_checksum_is_found) {
  auto bytes = whole(bases().front()).file();
  bytes[bytes.size() / 2] ^= std::byte{1};
  const auto verified = verify(bytes);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), ErrorCode::corrupt);
}

TEST_F(FrozenVerify, what_a_thaw_finds_corrupt_is_found_without_the_model) {
  Random random;
  unsigned corrupt = 0;
  for (unsigned i = 0; i < kMutations; ++i) {
    const FrozenBase& base = bases()[i % bases().size()];
    FrozenParts parts = whole(base);
    const std::string what = mutate(parts, random);
    const auto bytes = parts.file();
    const auto verified = verify(bytes);
    const auto thawed = thaw(base, bytes);
    const std::string told =
        fmt::format("seed {}, mutation {} of {}: {}", kSeed, i, base.name, what);
    if (!thawed && thawed.error().code() == ErrorCode::corrupt) {
      ++corrupt;
      EXPECT_FALSE(verified) << told << ": " << thawed.error().message();
    }
    if (!verified) EXPECT_FALSE(verified.error().message().empty()) << told;
  }
  EXPECT_GT(corrupt, kMutations / 10) << "otherwise this tests nothing";
}

}  // namespace
}  // namespace driftwood::test
