#include "device/vulkan/shader.h"

#include <gtest/gtest.h>

#include <map>

#include "device/kernels/kernel_source.h"
#include "device/kernels/kernel_table.h"
#include "device/test_support.h"
#include "device/vulkan/test_driver.h"
#include "ops/op_list.h"

namespace driftwood::device::vulkan {
namespace {

using device::testing::must;
using Words = std::vector<std::uint32_t>;

struct Entry {
  std::string_view stem;
  std::string name;
};

// Of every .slang file.
std::vector<Entry> all_entries() {
  std::vector<Entry> all = {{"peaks", "read_peak"}, {"peaks", "arithmetic_peak"}};
  for (const kernels::Kernel& kernel : kernels::all_kernels()) {
    all.push_back(
        {ops::find_op(static_cast<std::uint32_t>(kernel.op))->name, std::string(kernel.entry)});
  }
  return all;
}

std::span<const std::byte> spirv_of(std::string_view stem) {
  return std::ranges::find(kernels::kernel_sources(), stem, &kernels::KernelSource::stem)->spirv;
}

// What a module declares, as the validation layer counts it.
struct Declared {
  std::uint32_t shared_bytes = 0;
  std::uint32_t threads = 0;  // of the only entry point
  std::size_t entry_count = 0, function_count = 0, source_count = 0;
};

Declared declared_in(const Words& words) {
  Declared declared;
  std::map<std::uint32_t, std::uint32_t> bytes, pointees, constants;
  for (std::size_t at = 5; at < words.size(); at += words[at] >> 16) {
    const auto word = [&](std::size_t i) { return words[at + i]; };
    switch (word(0) & 0xffff) {
      case 3:
        ++declared.source_count;
        break;
      case 15:
        ++declared.entry_count;
        break;
      case 16:  // OpExecutionMode, LocalSize
        if (word(2) == 17) declared.threads = word(3) * word(4) * word(5);
        break;
      case 21:
      case 22:
        bytes[word(1)] = word(2) / 8;
        break;  // numbers
      case 23:
        bytes[word(1)] = bytes[word(2)] * word(3);
        break;  // vectors
      case 28:
        bytes[word(1)] = bytes[word(2)] * constants[word(3)];
        break;  // arrays
      case 32:
        pointees[word(1)] = word(3);
        break;
      case 43:
        constants[word(2)] = word(3);
        break;
      case 54:
        ++declared.function_count;
        break;
      case 59:
        if (word(3) == 4) declared.shared_bytes += bytes[pointees[word(1)]];
        break;
      default:
        break;
    }
  }
  return declared;
}

TEST(Shader, a_module_is_for_one_entry_point_and_takes_no_more_than_is_asked_of_devices) {
  for (const Entry& entry : all_entries()) {
    SCOPED_TRACE(entry.name);
    const Declared declared = declared_in(must(shader_of(spirv_of(entry.stem), entry.name)));
    EXPECT_EQ(declared.entry_count, 1u);
    EXPECT_EQ(declared.source_count, 0u);
    EXPECT_GT(declared.threads, 0u);
    EXPECT_LE(declared.threads, kMostThreads);
    EXPECT_LE(declared.shared_bytes, kMostSharedBytes);
  }
}

TEST(Shader, what_only_other_entry_points_use_is_left_out) {
  const std::span<const std::byte> spirv = spirv_of("linear");
  Words all(spirv.size() / sizeof(std::uint32_t));
  std::ranges::copy(spirv, std::as_writable_bytes(std::span(all)).begin());
  const Declared whole = declared_in(all);
  const Declared one_row = declared_in(must(shader_of(spirv, "linear_one_row_f32")));
  const Declared many_rows = declared_in(must(shader_of(spirv, "linear_many_rows_f32")));
  EXPECT_LT(one_row.function_count, whole.function_count);
  EXPECT_LT(one_row.shared_bytes, many_rows.shared_bytes);
  EXPECT_LT(many_rows.shared_bytes, whole.shared_bytes);
}

// The driver takes each of them; the validation layer checks that they are whole.
TEST(Shader, every_module_is_valid) {
  testing::Driver driver;
  const auto gpu = testing::open_gpu(driver);
  if (gpu == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  for (const Entry& entry : all_entries()) {
    SCOPED_TRACE(entry.name);
    const Words words = must(shader_of(spirv_of(entry.stem), entry.name));
    const VkShaderModuleCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                           .codeSize = words.size() * sizeof(std::uint32_t),
                                           .pCode = words.data()};
    VkShaderModule module = VK_NULL_HANDLE;
    ASSERT_EQ(gpu->vk().CreateShaderModule(gpu->device(), &info, nullptr, &module), VK_SUCCESS);
    gpu->vk().DestroyShaderModule(gpu->device(), module, nullptr);
  }
}

TEST(Shader, an_entry_point_that_is_not_there_is_refused_by_name) {
  for (const std::string_view name : {"linear_one_row", "linear_one_row_f32x", "", "main"}) {
    const auto refused = shader_of(spirv_of("linear"), name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
    EXPECT_NE(refused.error().message().find(name), std::string::npos);
  }
}

TEST(Shader, modules_that_are_cut_off_are_read_within_their_bounds) {
  const std::span<const std::byte> spirv = spirv_of("add");
  for (std::size_t size = 5 * sizeof(std::uint32_t); size < spirv.size(); size += 4) {
    const std::vector<std::byte> exact(spirv.begin(), spirv.begin() + size);
    (void)shader_of(exact, "add_f32");
  }
}

}  // namespace
}  // namespace driftwood::device::vulkan
