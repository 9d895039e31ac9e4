// Many guests: what they take of the process comes back.
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "guest/test_support.h"
#include "memory/region_pool.h"
#include "os/process.h"

namespace driftwood::guest {
namespace {

using test::Script;

struct Mappings {
  std::uint64_t address_space_bytes = 0;
  int regions = 0;  // mappings of guests' memory
};

// From /proc/self/maps; nothing where the system has none.
std::optional<Mappings> mappings() {
  std::ifstream maps("/proc/self/maps");
  if (!maps) return std::nullopt;
  Mappings sum;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2) continue;
    sum.address_space_bytes += end - begin;
    sum.regions += line.find("memfd:driftwood") != std::string::npos;
  }
  return sum;
}

class Crowd : public test::HostedGuest {
 protected:
  void SetUp() override {
    if (!mappings()) GTEST_SKIP() << "This system has no /proc/self/maps to count in.";
    Script script;
    script.call("window_share", {4 * 65536, 65536, DW_READ_WRITE});
    script.code("(memory.fill (i32.const 0) (i32.const 1) (i32.const 262144))");
    script.end_phase(DW_NEXT_CONTINUE);
    script.end_phase(DW_NEXT_IDLE);
    module = test::compile(script.wat()).value();
  }

  std::unique_ptr<Guest> spawn() {
    auto guest = Guest::create(module, services);
    if (!guest) {
      ADD_FAILURE() << guest.error().message();
      return nullptr;
    }
    EXPECT_TRUE((*guest)->start());
    return *std::move(guest);
  }

  std::shared_ptr<const Module> module;
};

constexpr std::uint64_t kGuestAddressBytes = (std::uint64_t{4} << 30) + (std::uint64_t{32} << 20);
constexpr std::uint64_t kTouchedBytes = 4 * 65536;  // by each guest

TEST_F(Crowd, a_thousand_guests_one_after_another_leave_nothing_behind) {
  for (int i = 0; i < 20; ++i) ASSERT_NE(spawn(), nullptr);  // what is kept after the first ones
  const Mappings before = mappings().value();
  const std::uint64_t resident_before = os::resident_bytes().value();
  for (int i = 0; i < 1000; ++i) ASSERT_NE(spawn(), nullptr);
  const Mappings after = mappings().value();
  EXPECT_EQ(after.regions, before.regions);
  EXPECT_LT(after.address_space_bytes, before.address_space_bytes + kGuestAddressBytes / 4);
#if !defined(DRIFTWOOD_SANITIZED)
  // Less than a page for each of them.
  EXPECT_LT(os::resident_bytes().value(), resident_before + 1000 * 2048);
#else
  (void)resident_before;  // a sanitizer keeps freed memory for a while
#endif
}

TEST_F(Crowd, five_hundred_guests_live_at_once) {
  constexpr int kGuests = 500;
  // Some regions are kept for guests to come.
  constexpr int kNew = kGuests - static_cast<int>(memory::RegionPool::kMostKept);
  std::vector<std::unique_ptr<Guest>> guests;
  for (int i = kNew; i < kGuests; ++i) guests.push_back(spawn());
  guests.clear();
  const Mappings before = mappings().value();
  const std::uint64_t resident_before = os::resident_bytes().value();
  for (int i = 0; i < kGuests; ++i) {
    guests.push_back(spawn());
    ASSERT_NE(guests.back(), nullptr) << i;
  }
  const Mappings crowded = mappings().value();
  EXPECT_GE(crowded.regions, before.regions + kNew);
  EXPECT_GE(crowded.address_space_bytes, before.address_space_bytes + kNew * kGuestAddressBytes);
#if !defined(DRIFTWOOD_SANITIZED)
  EXPECT_LT(os::resident_bytes().value(), resident_before + kGuests * (kTouchedBytes + 65536));
#endif
  for (const auto& guest : guests) EXPECT_TRUE(guest->resume(Event::proceed));
  guests.clear();
  const Mappings after = mappings().value();
  EXPECT_EQ(after.regions, before.regions);
  EXPECT_LT(after.address_space_bytes, before.address_space_bytes + kGuestAddressBytes / 4);
#if !defined(DRIFTWOOD_SANITIZED)
  EXPECT_LT(os::resident_bytes().value(), resident_before + (std::uint64_t{16} << 20));
#else
  (void)resident_before;
#endif
}

}  // namespace
}  // namespace driftwood::guest
