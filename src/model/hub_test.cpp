#include "model/hub.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "model/test_folder.h"

namespace driftwood::model {
namespace {

class Hub : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() + "/models--org--Name-1.5/refs");
    std::filesystem::create_directories(snapshot());
    folder_.write("models--org--Name-1.5/refs/main", "0123abc");
  }

  std::string snapshot() const {
    return folder_.path() + "/models--org--Name-1.5/snapshots/0123abc";
  }

  // The refusal's message without the cache's path, which is written as HUB.
  std::string refusal(const std::string& name, ErrorCode code = ErrorCode::not_found) const {
    const auto found = find_folder(name, folder_.path());
    if (found) return "accepted";
    EXPECT_EQ(found.error().code(), code) << found.error().message();
    std::string message = found.error().message();
    for (std::size_t at; (at = message.find(folder_.path())) != std::string::npos;) {
      message.replace(at, folder_.path().size(), "HUB");
    }
    return message;
  }

  TestFolder folder_;
};

TEST_F(Hub, gives_the_snapshot_of_the_main_branch) {
  EXPECT_EQ(find_folder("org/Name-1.5", folder_.path()), snapshot());
  folder_.write("models--org--Name-1.5/refs/main", "0123abc\n");
  EXPECT_EQ(find_folder("org/Name-1.5", folder_.path()), snapshot());
}

TEST_F(Hub, a_name_without_an_organisation_has_an_entry_too) {
  std::filesystem::rename(folder_.path() + "/models--org--Name-1.5",
                          folder_.path() + "/models--gpt2");
  EXPECT_EQ(find_folder("gpt2", folder_.path()),
            folder_.path() + "/models--gpt2/snapshots/0123abc");
}

TEST_F(Hub, a_path_is_left_as_it_is) {
  EXPECT_EQ(find_folder(folder_.path(), folder_.path()), folder_.path());
  for (const char* path :
       {"", "/no/such", "./org/Name-1.5", "../org", "org/..", "a/b/c", "org/", "a b", ".hidden"}) {
    EXPECT_EQ(find_folder(path, folder_.path()), path);
  }
}

TEST_F(Hub, says_where_it_looked) {
  EXPECT_EQ(refusal("org/other"),
            "There is no folder \"org/other\", and no such model in the Hugging Face cache "
            "(\"HUB/models--org--other\").");
  EXPECT_EQ(find_folder("org/other", "").error().message(), "There is no folder \"org/other\".");
}

TEST_F(Hub, names_what_an_incomplete_entry_lacks) {
  std::filesystem::remove(snapshot());
  EXPECT_EQ(
      refusal("org/Name-1.5"),
      "The model \"org/Name-1.5\" is in the Hugging Face cache without its files: there is no "
      "folder \"HUB/models--org--Name-1.5/snapshots/0123abc\".");
  std::filesystem::remove(folder_.path() + "/models--org--Name-1.5/refs/main");
  EXPECT_NE(refusal("org/Name-1.5").find("refs/main"), std::string::npos);
}

TEST_F(Hub, a_reference_that_leads_elsewhere_is_corrupt) {
  for (const char* text : {"", "..", "../../other", "0123abc/..", "main"}) {
    folder_.write("models--org--Name-1.5/refs/main", text);
    EXPECT_EQ(refusal("org/Name-1.5", ErrorCode::corrupt),
              "The model \"org/Name-1.5\" in the Hugging Face cache: The reference "
              "\"HUB/models--org--Name-1.5/refs/main\" is not a commit.")
        << text;
  }
}

}  // namespace
}  // namespace driftwood::model
