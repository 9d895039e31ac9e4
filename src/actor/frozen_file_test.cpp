#include "actor/frozen_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "actor/test_frozen.h"
#include "os/test_folder.h"

namespace driftwood::actor::frozen {
namespace {

class FrozenFile : public test::FrozenActor {
 protected:
  FrozenFile() {
    const auto actor = spawn();
    actor->send("one");
    EXPECT_TRUE(actor->run(services.write_output));
    bytes = freeze(*actor);
  }

  static void expect_refusal(const Result<File>& refused, ErrorCode code, std::string_view words) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), code) << refused.error().message();
    EXPECT_NE(refused.error().message().find(words), std::string::npos)
        << refused.error().message();
  }

  std::vector<std::byte> bytes;
};

TEST_F(FrozenFile, is_the_same_in_memory_and_on_disk) {
  const os::TestFolder folder;
  const std::string path =
      folder.write("actor", std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const auto on_disk = File::open(path), in_memory = File::of(bytes);
  ASSERT_TRUE(on_disk && in_memory);
  EXPECT_EQ(on_disk->size_bytes(), bytes.size());
  EXPECT_TRUE(on_disk->verify_checksums());
  EXPECT_TRUE(in_memory->verify_checksums());
  for (const auto& [name, tensor] : in_memory->header().tensors) {
    EXPECT_EQ(on_disk->read_all(tensor).value(), in_memory->read_all(tensor).value()) << name;
  }
}

TEST_F(FrozenFile, names_a_file_that_is_not_there_or_is_none) {
  const os::TestFolder folder;
  expect_refusal(File::open(folder.path("none")), ErrorCode::not_found, folder.path("none"));
  expect_refusal(File::open(folder.write("text", "no such file")), ErrorCode::corrupt,
                 folder.path("text"));
}

TEST_F(FrozenFile, every_truncation_is_refused) {
  for (std::size_t size = 0; size < bytes.size(); size += size < 4096 ? 1 : 997) {
    // In a block of exactly this size, so that a sanitizer sees a byte read past its end.
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
    const auto refused = File::of(cut);
    ASSERT_FALSE(refused) << size;
    EXPECT_EQ(refused.error().code(), ErrorCode::corrupt);
  }
  bytes.push_back(std::byte{0});
  expect_refusal(File::of(bytes), ErrorCode::corrupt, "belong to no tensor");
}

TEST_F(FrozenFile, refuses_other_formats_and_versions) {
  expect_refusal(File::of(replaced(bytes, "driftwood.frozen_actor", "driftwood.frozen_Actor")),
                 ErrorCode::unsupported, "is no frozen actor");
  expect_refusal(File::of(replaced(bytes, R"("version":"1")", R"("version":"2")")),
                 ErrorCode::unsupported, "this program reads version 1");
  expect_refusal(File::of(replaced(bytes, R"(\"segments\":1)", R"(\"segments\":2)")),
                 ErrorCode::unsupported, "has 2 segments");
  expect_refusal(File::of(replaced(bytes, R"("actor":")", R"("Actor":")")), ErrorCode::corrupt,
                 "has no description");
}

TEST_F(FrozenFile, asks_for_tensors_by_name_dtype_and_rank) {
  const auto file = File::of(bytes);
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->require(kMemory, tensor::DType::u8, 2));
  EXPECT_EQ(file->find("nothing"), nullptr);
  for (const auto& refused : {file->require("nothing", tensor::DType::u8, 2),
                              file->require(kMemory, tensor::DType::u8, 1),
                              file->require(kMemory, tensor::DType::u32, 2)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::corrupt);
  }
}

TEST_F(FrozenFile, checks_all_tensors_but_padding_and_the_checksums) {
  const auto file = File::of(bytes);
  ASSERT_TRUE(file);
  const auto names = checked_tensors(file->header());
  EXPECT_TRUE(std::ranges::is_sorted(names));
  for (const auto& [name, tensor] : file->header().tensors) {
    const bool left_out = name == kChecksums || name.starts_with("pad.");
    EXPECT_EQ(std::ranges::count(names, name), left_out ? 0 : 1) << name;
  }
}

TEST_F(FrozenFile, a_checksum_that_is_wrong_names_its_tensor) {
  const auto header = File::of(bytes).value().header();
  for (const std::string& name : checked_tensors(header)) {
    const std::span<std::byte> tensor = tensor_in(bytes, name);
    if (tensor.empty() || name == kTexts) continue;
    std::byte& changed = tensor[tensor.size() / 2];
    changed ^= std::byte{1};
    const auto refused = File::of(bytes).value().verify_checksums();
    changed ^= std::byte{1};
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code(), ErrorCode::corrupt);
    EXPECT_EQ(refused.error().message(), "Tensor \"" + name + "\" does not have its checksum.");
  }
}

TEST_F(FrozenFile, a_description_has_a_checksum_too) {
  const auto changed = replaced(bytes, R"(\"clock_ns\":77)", R"(\"clock_ns\":78)");
  const auto refused = File::of(changed).value().verify_checksums();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "The description of the actor does not have its checksum.");
}

}  // namespace
}  // namespace driftwood::actor::frozen
