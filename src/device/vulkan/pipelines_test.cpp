#include "device/vulkan/pipelines.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/log.h"
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
  for (const std::string& bytes : {std::string(), std::string(1000, 'x')}) {
    std::ofstream(cache_file(), std::ios::binary | std::ios::trunc) << bytes;
    compile();
  }
}

TEST_F(PipelinesTest, a_folder_that_cannot_be_made_does_no_harm) {
  std::ofstream(folder_.path("cache")) << "a file in its place";
  compile();
}

// What CreatePipelineCache is given of a file.
TEST_F(PipelinesTest, a_file_is_read_back_by_whoever_comes_next_and_only_if_it_is_whole) {
  static std::size_t given_bytes;
  InstanceOptions options = driver_.options();
  options.alter = [wrap = options.alter](Functions& functions) {
    static PFN_vkCreatePipelineCache create = nullptr;
    wrap(functions);
    if (functions.CreatePipelineCache == nullptr) return;
    create = functions.CreatePipelineCache;
    functions.CreatePipelineCache = [](VkDevice device, const VkPipelineCacheCreateInfo* info,
                                       const VkAllocationCallbacks* callbacks,
                                       VkPipelineCache* made) {
      given_bytes = info->initialDataSize;
      return create(device, info, callbacks, made);
    };
  };
  gpu_.reset();
  gpu_ = must(Gpu::open(must(Instance::create(options)), 0));
  compile();
  EXPECT_EQ(given_bytes, 0u);
  compile();
  EXPECT_EQ(given_bytes + sizeof(std::uint64_t), std::filesystem::file_size(cache_file()));

  std::ifstream in(cache_file(), std::ios::binary);
  const std::string whole(std::istreambuf_iterator<char>(in), {});
  ASSERT_GT(whole.size(), 16u);
  const auto expect_refused = [&](const std::string& bytes, std::string_view what) {
    std::ofstream(cache_file(), std::ios::binary | std::ios::trunc) << bytes;
    given_bytes = 1;
    must(Pipelines::create(*gpu_, folder_.path("cache")));
    EXPECT_EQ(given_bytes, 0u) << what;
  };
  for (std::size_t size = 0; size < whole.size(); size += 1 + size / 4) {
    expect_refused(whole.substr(0, size), "cut off after " + std::to_string(size));
  }
  for (std::size_t i = 0; i < whole.size(); i += 5) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    expect_refused(damaged, "damaged at " + std::to_string(i));
  }
  expect_refused(whole + whole, "another one behind it");
  std::ofstream(cache_file(), std::ios::binary | std::ios::trunc) << whole;
  compile();
  EXPECT_EQ(given_bytes + sizeof(std::uint64_t), whole.size());
  gpu_.reset();  // goes before the driver
}

TEST_F(PipelinesTest, the_file_of_another_gpu_is_not_taken_under_this_ones_name) {
  compile();
  const std::string own = cache_file();
  driver_.change_properties = [](VkPhysicalDeviceProperties2& properties) {
    properties.properties.deviceID ^= 1;
  };
  gpu_.reset();
  gpu_ = testing::open_gpu(driver_);
  ASSERT_NE(cache_file(), own);
  std::filesystem::copy_file(own, cache_file());
  std::filesystem::permissions(
      cache_file(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::string logged;
  log::configure(log::Level::info, [&](log::Level, std::string_view line) { logged += line; });
  compile();
  log::configure(log::Level::warning, nullptr);
  EXPECT_NE(logged.find("do not have their checksum"), std::string::npos) << logged;
}

}  // namespace
}  // namespace driftwood::device::vulkan
