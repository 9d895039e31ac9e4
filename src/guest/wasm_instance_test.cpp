// The globals and the memory of an instance, as freezing and thawing reach them.
#include <gtest/gtest.h>

#include <algorithm>

#include "guest/guest_instance.h"
#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

// One mutable global of each type, among others. driftwood_start stores them at 64, 72, ...; a
// resume stores new values into them.
constexpr std::string_view kGlobals = R"((module
  (memory (export "memory") 1 8)
  (global i64 (i64.const 1))
  (global $i (mut i32) (i32.const -2))
  (global $I (mut i64) (i64.const 0x123456789abcdef0))
  (global $f (mut f32) (f32.const nan:0x200001))
  (global f32 (f32.const 1))
  (global $F (mut f64) (f64.const -nan:0x4000000000003))
  (global $V (mut v128) (v128.const i32x4 1 0x80000000 0x7f800001 0xffffffff))
  (func (export "driftwood_start") (result i32)
    (i32.store (i32.const 64) (global.get $i))
    (i64.store (i32.const 72) (global.get $I))
    (f32.store (i32.const 80) (global.get $f))
    (f64.store (i32.const 88) (global.get $F))
    (v128.store (i32.const 96) (global.get $V))
    (memory.size))
  (func (export "driftwood_resume") (param i32 i32) (result i32)
    (global.set $i (local.get 0))
    (global.set $V (v128.const i32x4 5 6 7 8))
    (i32.const 0))))";

class WasmInstance : public test::HostedGuest {
 protected:
  std::unique_ptr<GuestInstance> make(std::string_view wat = kGlobals) {
    return make_wasm_instance(test::compile(std::string(wat)).value(), services).value();
  }
};

template <typename T>
Global global(std::uint32_t index, char type, T value) {
  Global made{.index = index, .type = type};
  std::memcpy(made.bits.data(), &value, sizeof value);
  return made;
}

std::array<std::uint32_t, 4> lanes(std::uint32_t a, std::uint32_t b, std::uint32_t c,
                                   std::uint32_t d) {
  return {a, b, c, d};
}

const std::vector<Global> kInitial = {
    global(1, 'i', std::int32_t{-2}), global(2, 'I', std::uint64_t{0x123456789abcdef0}),
    global(3, 'f', std::uint32_t{0x7fa00001}), global(5, 'F', std::uint64_t{0xfff4000000000003}),
    global(6, 'V', lanes(1, 0x80000000, 0x7f800001, 0xffffffff))};

TEST_F(WasmInstance, reads_the_mutable_globals_bit_for_bit) {
  auto instance = make();
  EXPECT_EQ(instance->globals(), kInitial);
  ASSERT_TRUE(instance->resume(77, 0));
  auto changed = kInitial;
  changed[0] = global(1, 'i', std::int32_t{77});
  changed[4] = global(6, 'V', lanes(5, 6, 7, 8));
  EXPECT_EQ(instance->globals(), changed);
}

TEST_F(WasmInstance, sets_the_mutable_globals_bit_for_bit) {
  // Signalling NaNs, which arithmetic would make quiet.
  const std::vector<Global> values = {
      global(1, 'i', std::uint32_t{0x80000001}), global(2, 'I', std::uint64_t{0xfedcba9876543210}),
      global(3, 'f', std::uint32_t{0xff800123}), global(5, 'F', std::uint64_t{0x7ff0000000000456}),
      global(6, 'V', lanes(0xff800001, 2, 3, 0x7fc00001))};
  auto instance = make();
  ASSERT_TRUE(instance->set_globals(values));
  EXPECT_EQ(instance->globals(), values);
  ASSERT_TRUE(instance->start());  // the guest sees the same bits
  constexpr std::size_t kAt[] = {64, 72, 80, 88, 96}, kBytes[] = {4, 8, 4, 8, 16};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::byte* at = instance->state.memory.region()->base() + kAt[i];
    EXPECT_EQ(std::memcmp(at, values[i].bits.data(), kBytes[i]), 0) << values[i].type;
  }
}

TEST_F(WasmInstance, refuses_globals_that_are_not_the_modules) {
  auto instance = make();
  const auto refused = [&](auto change) {
    auto values = kInitial;
    values[0] = global(1, 'i', std::int32_t{9});
    change(values);
    const auto set = instance->set_globals(values);
    EXPECT_FALSE(set);
    EXPECT_EQ(set.error().code(), ErrorCode::corrupt);
    EXPECT_EQ(instance->globals(), kInitial);  // not even the first was set
    return set.error().message();
  };
  EXPECT_EQ(refused([](auto& values) { values.pop_back(); }),
            "There are 4 globals for a guest whose module has 5.");
  EXPECT_EQ(refused([](auto& values) { values.push_back(values.back()); }),
            "There are 6 globals for a guest whose module has 5.");
  refused([](auto& values) { values.clear(); });
  refused([](auto& values) { std::swap(values[3], values[4]); });
  EXPECT_EQ(refused([](auto& values) { values[4].index = 4; }),
            "Global 4 of type 'V' stands where the guest's module has global 6 of type 'V'.");
  refused([](auto& values) { values[2].type = 'i'; });
  refused([](auto& values) { values[4].type = '\0'; });
}

TEST_F(WasmInstance, a_module_without_mutable_globals_has_none) {
  auto instance = make(R"((module (memory (export "memory") 1)
    (func (export "driftwood_start") (result i32) (i32.const 0))
    (func (export "driftwood_resume") (param i32 i32) (result i32) (i32.const 0))))");
  EXPECT_TRUE(instance->globals().empty());
  EXPECT_TRUE(instance->set_globals({}));
  EXPECT_FALSE(instance->set_globals(kInitial));
}

TEST_F(WasmInstance, grown_memory_is_the_guests) {
  auto instance = make();
  ASSERT_TRUE(instance->grow_memory(std::uint64_t{3} << 16));
  EXPECT_EQ(instance->state.memory.region()->committed_bytes(), std::uint64_t{3} << 16);
  EXPECT_EQ(instance->start(), 3);  // what memory.size gives
  EXPECT_TRUE(instance->grow_memory(std::uint64_t{3} << 16));
}

TEST_F(WasmInstance, refuses_to_grow_to_what_no_guest_has) {
  services.limits.memory_bytes = std::uint64_t{4} << 16;
  auto instance = make();
  ASSERT_TRUE(instance->grow_memory(std::uint64_t{2} << 16));
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1} << 16,
                                    (std::uint64_t{2} << 16) + 4096, ~std::uint64_t{0}}) {
    const auto grown = instance->grow_memory(bytes);
    ASSERT_FALSE(grown) << bytes;
    EXPECT_EQ(grown.error().code(), ErrorCode::corrupt);
  }
  for (const std::uint64_t bytes :
       {std::uint64_t{5} << 16, std::uint64_t{9} << 16, std::uint64_t{1} << 32,
        std::uint64_t{1} << 63, ~std::uint64_t{0xffff}}) {
    const auto grown = instance->grow_memory(bytes);
    ASSERT_FALSE(grown) << bytes;
    EXPECT_EQ(grown.error().code(), ErrorCode::limit);
    EXPECT_NE(grown.error().message().find("its owner's limit is 262144"), std::string::npos)
        << grown.error().message();
  }
  EXPECT_EQ(instance->start(), 2);
}

TEST_F(WasmInstance, knows_its_module) {
  const auto module = test::compile(std::string(kGlobals)).value();
  const auto instance = make_wasm_instance(module, services).value();
  EXPECT_EQ(instance->module(), module);
}

}  // namespace
}  // namespace driftwood::guest
