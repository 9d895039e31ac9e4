#include "model/fingerprint.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "model/model.h"

namespace driftwood::model {
namespace {

class Weights final : public device::WeightSource {
 public:
  struct Weight {
    tensor::DType dtype;
    tensor::Shape shape;
    std::vector<std::byte> bytes;
  };

  Result<tensor::View> find(std::string_view name) const override {
    const auto& [dtype, shape, bytes] = all.at(std::string(name));
    return tensor::View{dtype, shape, bytes};
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, weight] : all) names.push_back(name);
    return names;
  }

  std::map<std::string, Weight> all = {
      {"a", {tensor::DType::f32, {2, 3}, std::vector<std::byte>(24)}},
      {"b", {tensor::DType::u8, {70'000}, std::vector<std::byte>(70'000)}}};
};

std::string text_digest(std::string_view text) {
  return digest_of(std::as_bytes(std::span(text)));
}

// FIPS 180-4's own examples.
TEST(Fingerprint, is_sha_256) {
  EXPECT_EQ(text_digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(text_digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Fingerprint, is_written_with_two_small_digits_a_byte) {
  const std::byte bytes[] = {std::byte{0}, std::byte{0x0f}, std::byte{0xa0}, std::byte{0xff}};
  EXPECT_EQ(hexadecimal(bytes), "000fa0ff");
  EXPECT_EQ(hexadecimal({}), "");
}

TEST(Fingerprint, of_settings_is_that_of_the_config_until_there_is_one_for_generation) {
  EXPECT_EQ(digest_of_settings("{}", "{}"), text_digest("{}"));
  const std::set<std::string> digests = {
      digest_of_settings("[1]", "{}"), digest_of_settings("[1]", "[2]"),
      digest_of_settings("[1]", "[3]"), digest_of_settings("[1][2]", "{}")};
  EXPECT_EQ(digests.size(), 4u);
}

TEST(Fingerprint, of_weights_differs_with_name_shape_dtype_and_bytes) {
  std::set<std::string> digests = {digest_of(Weights())};
  const auto add = [&](const auto& change) {
    Weights weights;
    change(weights.all);
    digests.insert(digest_of(weights));
  };
  add([](auto& all) { all["a"].shape = {3, 2}; });
  add([](auto& all) { all["a"].shape = {6}; });
  add([](auto& all) { all["a"].dtype = tensor::DType::i32; });
  add([](auto& all) { all["a"].bytes[23] = std::byte{1}; });
  add([](auto& all) { all["c"] = all["a"]; });
  add([](auto& all) { all.erase("a"); });
  add([](auto& all) {
    all["ab"] = all["a"];
    all.erase("a");
  });
  EXPECT_EQ(digests.size(), 8u);
}

TEST(Fingerprint, of_a_large_weight_is_of_pieces_from_its_first_byte_to_its_last) {
  const std::string before = digest_of(Weights());
  const auto changed_at = [&](std::size_t at) {
    Weights weights;
    weights.all["b"].bytes[at] = std::byte{1};
    return digest_of(weights) != before;
  };
  constexpr std::size_t kStep = (70'000 - kPieceBytes) / (kPieces - 1);
  EXPECT_TRUE(changed_at(0));
  EXPECT_TRUE(changed_at(kPieceBytes - 1));
  EXPECT_FALSE(changed_at(kPieceBytes));
  EXPECT_FALSE(changed_at(kStep - 1));
  EXPECT_TRUE(changed_at(kStep));
  EXPECT_TRUE(changed_at((kPieces - 1) * kStep + kPieceBytes - 1));
}

TEST(Fingerprint, of_a_model_is_that_of_its_parts_and_stays) {
  const auto model = make_seeded_llama(1);
  EXPECT_EQ(model->fingerprint().config, text_digest(model->config_json));
  EXPECT_EQ(model->fingerprint().weights, digest_of(*model->weights));
  EXPECT_EQ(model->fingerprint().tokenizer, "");
  EXPECT_EQ(model->fingerprint(), make_seeded_llama(1)->fingerprint());
  EXPECT_FALSE(model->fingerprint() == make_seeded_llama(2)->fingerprint());
}

}  // namespace
}  // namespace driftwood::model
