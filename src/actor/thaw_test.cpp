#include "actor/thaw.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "actor/test_frozen.h"
#include "model/fingerprint.h"
#include "model/model.h"

namespace driftwood::actor {
namespace {

class Thaw : public test::FrozenActor {
 protected:
  Result<Thawed> thaw(std::span<const std::byte> bytes) const {
    const auto file = frozen::File::of(bytes);
    if (!file) return pass_on(file);
    return actor::thaw(*file, services, module);
  }

  void expect_refusal(std::span<const std::byte> bytes, ErrorCode code, std::string_view words) {
    const auto refused = thaw(bytes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), code) << refused.error().message();
    EXPECT_NE(refused.error().message().find(words), std::string::npos)
        << refused.error().message();
  }
};

TEST_F(Thaw, gives_the_actor_that_was_frozen) {
  const auto actor = spawn();
  actor->send("one");
  actor->send("two");
  EXPECT_TRUE(actor->run(services.write_output, 3));
  const auto bytes = freeze(*actor);
  const auto thawed = thaw(bytes);
  ASSERT_TRUE(thawed) << thawed.error().message();
  EXPECT_EQ(thawed->sameness, Sameness::identical);
  EXPECT_EQ(thawed->rows, 0u);
  EXPECT_EQ(thawed->bytes_read, bytes.size());
  EXPECT_EQ(freeze(*thawed->actor), bytes);
  const auto go_on = [this](Actor& one) {
    outputs.clear();
    EXPECT_EQ(*one.run(services.write_output), Status::idle);
    return std::pair(outputs, freeze(one));
  };
  EXPECT_EQ(go_on(*thawed->actor), go_on(*actor));
}

TEST_F(Thaw, says_when_later_sums_may_differ) {
  const auto bytes = with_its_checksums(
      replaced(freeze(*spawn()), R"(\"numerics\":\")" + device->capabilities().numerics,
               R"(\"numerics\":\")" + std::string(device->capabilities().numerics.size(), 'x')));
  const auto thawed = thaw(bytes);
  ASSERT_TRUE(thawed) << thawed.error().message();
  EXPECT_EQ(thawed->sameness, Sameness::same_state);
}

TEST_F(Thaw, refuses_another_module_with_both_digests) {
  const auto bytes = freeze(*spawn());
  const std::string frozen_with = model::hexadecimal(module->sha256());
  module = compile_guest("(func)");
  expect_refusal(bytes, ErrorCode::invalid_argument, frozen_with);
  expect_refusal(bytes, ErrorCode::invalid_argument, model::hexadecimal(module->sha256()));
}

TEST_F(Thaw, refuses_a_model_where_there_was_none_and_none_where_there_was_one) {
  const auto without = freeze(*spawn());
  services.model = model::make_seeded_llama(1);
  expect_refusal(without, ErrorCode::invalid_argument, "was frozen without a model");
  const auto with = freeze(*spawn());
  services.model = nullptr;
  expect_refusal(with, ErrorCode::invalid_argument, "is given none");
}

TEST_F(Thaw, refuses_another_model_with_both_fingerprints) {
  services.model = model::make_seeded_llama(1);
  const std::string frozen_with = services.model->fingerprint().weights;
  const auto bytes = freeze(*spawn());
  services.model = model::make_seeded_llama(2);
  expect_refusal(bytes, ErrorCode::invalid_argument, frozen_with);
  expect_refusal(bytes, ErrorCode::invalid_argument, services.model->fingerprint().weights);
}

TEST_F(Thaw, refuses_versions_of_the_abi_that_it_does_not_speak) {
  const auto bytes = freeze(*spawn());
  for (const char* version : {"0", "9"}) {
    expect_refusal(
        replaced(bytes, R"(\"abi_version\":1)", std::string(R"(\"abi_version\":)") + version),
        ErrorCode::unsupported, "of the ABI");
  }
}

TEST_F(Thaw, keeps_to_the_limits_of_its_services) {
  const auto actor = spawn();
  EXPECT_TRUE(actor->run(services.write_output));
  const auto bytes = freeze(*actor);
  const auto expect_limit = [&](const guest::Limits& limits, std::string_view words) {
    const guest::Limits before = std::exchange(services.limits, limits);
    expect_refusal(bytes, ErrorCode::limit, words);
    services.limits = before;
  };
  expect_limit({.memory_bytes = 4 * kPage}, "memory");
  expect_limit({.device_bytes = 64}, "of the device");
  expect_limit({.program_bytes = 64}, "programs");
  expect_limit({.handles = 3}, "may have 3");
}

TEST_F(Thaw, has_the_module_of_a_file_that_holds_it) {
  const auto actor = spawn();
  const auto bytes = freeze(*actor), thin = freeze(*actor, {.thin = true});
  const auto wasm = module_of(frozen::File::of(bytes).value());
  ASSERT_TRUE(wasm);
  EXPECT_TRUE(std::ranges::equal(*wasm, module->wasm()));
  const auto refused = module_of(frozen::File::of(thin).value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::not_found);
  EXPECT_NE(refused.error().message().find(model::hexadecimal(module->sha256())),
            std::string::npos);
}

TEST_F(Thaw, does_not_give_a_module_that_was_changed) {
  const auto bytes = replaced(freeze(*spawn()), "a record", "A record");
  const auto refused = module_of(frozen::File::of(bytes).value());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::corrupt);
}

}  // namespace
}  // namespace driftwood::actor
