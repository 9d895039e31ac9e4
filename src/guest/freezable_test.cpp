// What the Rust library does with modules and bytes that are none.
#include <gtest/gtest.h>
#include <driftwood_crates.hpp>

#include <algorithm>
#include <fstream>
#include <random>

#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A real guest, of half a megabyte.
const Bytes& llama() {
  static const Bytes kBytes = [] {
    std::ifstream file(DRIFTWOOD_SOURCE_DIR "/tests/goldens/abi-1/llama.wasm", std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
  }();
  return kBytes;
}

struct Answer {
  dw_freezability freezability;
  std::string out;
};

Answer pass(const Bytes& wasm) {
  RustBytes out;
  const dw_freezability freezability = dw_make_freezable(wasm.data(), wasm.size(), out.out());
  return {freezability, out.text()};
}

TEST(Freezable, keeps_all_but_the_exports_byte_for_byte) {
  const Answer answer = pass(llama());
  ASSERT_EQ(answer.freezability, DW_FREEZABLE);
  const std::string given(llama().begin(), llama().end());
  const auto front = std::ranges::mismatch(given, answer.out).in1 - given.begin();
  const auto back =
      std::mismatch(given.rbegin(), given.rend(), answer.out.rbegin()).first - given.rbegin();
  const auto added = static_cast<std::ptrdiff_t>(answer.out.size() - given.size());
  EXPECT_GT(added, 0);
  EXPECT_LT(added, 100);
  // What lies between is part of the export section, which has a few names.
  EXPECT_LT(static_cast<std::ptrdiff_t>(given.size()) - front - back, 200);
}

TEST(Freezable, what_it_made_is_not_passed_again) {
  const Answer once = pass(llama());
  EXPECT_EQ(pass(Bytes(once.out.begin(), once.out.end())).freezability, DW_NOT_FREEZABLE);
}

TEST(Freezable, a_truncated_guest_is_refused) {
  for (std::size_t size = 0; size < llama().size(); size += size < 500 ? 1 : 1999) {
    const Bytes part(llama().begin(), llama().begin() + static_cast<std::ptrdiff_t>(size));
    const Answer answer = pass(part);
    EXPECT_EQ(answer.out.empty(), answer.freezability == DW_MALFORMED) << size;
    // Where a section ends the bytes are a module, but no guest.
    EXPECT_FALSE(Module::compile(test::engine(), std::as_bytes(std::span(part)))) << size;
  }
}

TEST(Freezable, changed_bytes_are_answered) {
  std::mt19937 random(20);  // always the same
  for (int round = 0; round < 400; ++round) {
    Bytes changed = llama();
    for (int i = 0; i < 1 + round % 4; ++i) {
      // The first two thousand bytes hold most of the structure.
      const std::size_t end = i % 2 == 0 ? 2000 : changed.size();
      changed[random() % end] = static_cast<std::uint8_t>(random());
    }
    const Answer answer = pass(changed);
    EXPECT_EQ(answer.out.empty(), answer.freezability == DW_MALFORMED);
  }
}

TEST(Freezable, a_component_is_malformed) {
  EXPECT_EQ(pass({0, 'a', 's', 'm', 13, 0, 1, 0}).freezability, DW_MALFORMED);
}

// Of nothing and of "abc", as FIPS 180-4 works it out.
TEST(Sha256, is_that_of_the_standard) {
  const auto hash = [](std::string_view text) {
    std::uint8_t digest[32];
    dw_sha256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest);
    std::string hex;
    for (const std::uint8_t byte : digest) hex += fmt::format("{:02x}", byte);
    return hex;
  };
  EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace driftwood::guest
