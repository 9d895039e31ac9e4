#include "model/default_model.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "model/test_folder.h"

namespace driftwood::model {
namespace {

TEST(DefaultModel, lies_beside_the_program_or_where_it_is_installed) {
  TestFolder folder;
  const std::string program_folder = folder.path() + "/bin";
  const std::string installed = program_folder + "/../share/driftwood/models/default";
  const std::string beside = program_folder + "/models/default";
  std::filesystem::create_directories(program_folder);

  const auto missing = find_default_folder(program_folder);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::not_found);
  EXPECT_NE(missing.error().message().find(beside), std::string::npos);
  EXPECT_NE(missing.error().message().find(installed), std::string::npos);

  std::filesystem::create_directories(folder.path() + "/share/driftwood/models/default");
  folder.write("share/driftwood/models/default/config.json", "{}");
  std::filesystem::create_directories(beside);  // an empty one hides nothing
  EXPECT_EQ(find_default_folder(program_folder), installed);
  folder.write("bin/models/default/config.json", "{}");
  EXPECT_EQ(find_default_folder(program_folder), beside);
}

}  // namespace
}  // namespace driftwood::model
