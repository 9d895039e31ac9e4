#include "device/vulkan/pipelines.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "device/test_support.h"
#include "device/vulkan/test_driver.h"
#include "os/test_folder.h"

namespace driftwood::device::vulkan {
namespace {

using device::testing::must;
using testing::Driver;

class PipelinesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    gpu_ = testing::open_gpu(driver_);
    if (gpu_ == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  }

  std::string cache_file() const {
    return folder_.path("cache/pipelines/" + gpu_->identity() + ".pipelines");
  }

  // Compiles one kernel and keeps it.
  void compile() {
    const auto pipelines = must(Pipelines::create(*gpu_, folder_.path("cache")));
    EXPECT_TRUE(pipelines->find("add", "add_f32"));
    pipelines->keep();
  }

  Driver driver_;
  std::unique_ptr<Gpu> gpu_;
  os::TestFolder folder_;
};

TEST_F(PipelinesTest, a_kernel_is_compiled_once) {
  const auto pipelines = must(Pipelines::create(*gpu_, ""));
  const VkPipeline first = must(pipelines->find("add", "add_f32"));
  EXPECT_EQ(must(pipelines->find("add", "add_f32")), first);
  EXPECT_NE(must(pipelines->find("add", "add_bf16")), first);
}

TEST_F(PipelinesTest, a_kernel_that_is_not_there_is_named) {
  const auto pipelines = must(Pipelines::create(*gpu_, ""));
  const auto refused = pipelines->find("fly", "fly_f32");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_NE(refused.error().message().find("fly"), std::string::npos);
  EXPECT_FALSE(pipelines->find("add", "add_f64"));
}

TEST_F(PipelinesTest, what_the_driver_compiled_is_kept_in_a_file_of_its_own) {
  compile();
  ASSERT_TRUE(std::filesystem::exists(cache_file()));
  EXPECT_GT(std::filesystem::file_size(cache_file()), 0u);
}

TEST_F(PipelinesTest, a_damaged_file_does_no_harm) {
  compile();
  for (const std::string bytes : {std::string(), std::string(1000, 'x')}) {
    std::ofstream(cache_file(), std::ios::binary | std::ios::trunc) << bytes;
    compile();
  }
}

TEST_F(PipelinesTest, a_folder_that_cannot_be_made_does_no_harm) {
  std::ofstream(folder_.path("cache")) << "a file in its place";
  compile();
}

}  // namespace
}  // namespace driftwood::device::vulkan
