#include "device/vulkan/pipelines.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "core/log.h"
#include "device/kernels/kernel_source.h"
#include "device/vulkan/outcome.h"

namespace driftwood::device::vulkan {
namespace {

constexpr std::uint64_t kMostCacheBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostFiles = 16;

// The module as 32-bit words, without OpSource: it gives Slang's number among languages, which
// older validation layers take for a fault. Layout: "SPIR-V Specification", 2.3 and 3.42.
std::vector<std::uint32_t> words_of(std::span<const std::byte> spirv) {
  constexpr std::size_t kHeaderWords = 5;
  constexpr std::uint32_t kOpSource = 3;
  std::vector<std::uint32_t> all(spirv.size() / sizeof(std::uint32_t)), words;
  std::copy_n(spirv.begin(), all.size() * sizeof(std::uint32_t),
              std::as_writable_bytes(std::span(all)).begin());
  std::size_t at = std::min(kHeaderWords, all.size());
  words.assign(all.begin(), all.begin() + at);
  while (at < all.size()) {
    const std::size_t count = std::clamp<std::size_t>(all[at] >> 16, 1, all.size() - at);
    if ((all[at] & 0xffff) != kOpSource) {
      words.insert(words.end(), all.begin() + at, all.begin() + at + count);
    }
    at += count;
  }
  return words;
}

}  // namespace

Result<std::unique_ptr<Pipelines>> Pipelines::create(const Gpu& gpu,
                                                     const std::string& cache_folder) {
  std::unique_ptr<Pipelines> pipelines(new Pipelines(gpu));
  DW_TRY(pipelines->prepare(cache_folder));
  return pipelines;
}

Result<void> Pipelines::prepare(const std::string& cache_folder) {
  const VkPushConstantRange call = {
      .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .offset = 0, .size = sizeof(std::uint64_t)};
  const VkPipelineLayoutCreateInfo layout = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                             .pushConstantRangeCount = 1,
                                             .pPushConstantRanges = &call};
  DW_TRY(check(gpu_.vk().CreatePipelineLayout(gpu_.device(), &layout, nullptr, &layout_),
               "vkCreatePipelineLayout"));
  std::vector<std::byte> kept;
  if (!cache_folder.empty()) {
    files_.emplace(cache_folder + "/pipelines", ".pipelines");
    // The driver checks a header of its own, and what is not its it ignores.
    if (auto read = files_->read(gpu_.identity() + ".pipelines", kMostCacheBytes)) {
      kept = *std::move(read);
    } else {
      log::info("No compiled GPU kernels are kept: {}", read.error().message());
    }
  }
  const VkPipelineCacheCreateInfo cache = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
                                           .initialDataSize = kept.size(),
                                           .pInitialData = kept.data()};
  return check(gpu_.vk().CreatePipelineCache(gpu_.device(), &cache, nullptr, &cache_),
               "vkCreatePipelineCache");
}

Pipelines::~Pipelines() {
  const Functions& vk = gpu_.vk();
  for (const auto& [entry, pipeline] : pipelines_) {
    vk.DestroyPipeline(gpu_.device(), pipeline, nullptr);
  }
  for (const auto& [stem, module] : modules_) {
    vk.DestroyShaderModule(gpu_.device(), module, nullptr);
  }
  if (cache_ != VK_NULL_HANDLE) vk.DestroyPipelineCache(gpu_.device(), cache_, nullptr);
  if (layout_ != VK_NULL_HANDLE) vk.DestroyPipelineLayout(gpu_.device(), layout_, nullptr);
}

Result<VkShaderModule> Pipelines::module_of(std::string_view stem) {
  if (const auto known = modules_.find(stem); known != modules_.end()) return known->second;
  const auto sources = kernels::kernel_sources();
  const auto source = std::ranges::find(sources, stem, &kernels::KernelSource::stem);
  if (source == sources.end()) {
    return fail(ErrorCode::unsupported, "There is no GPU kernel for {}.", stem);
  }
  const std::vector<std::uint32_t> words = words_of(source->spirv);
  const VkShaderModuleCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                         .codeSize = words.size() * sizeof(std::uint32_t),
                                         .pCode = words.data()};
  VkShaderModule module = VK_NULL_HANDLE;
  DW_TRY(check(gpu_.vk().CreateShaderModule(gpu_.device(), &info, nullptr, &module),
               "vkCreateShaderModule"));
  modules_.emplace(stem, module);
  return module;
}

Result<VkPipeline> Pipelines::find(std::string_view stem, std::string_view entry) {
  if (const auto known = pipelines_.find(entry); known != pipelines_.end()) return known->second;
  DW_TRY_ASSIGN(const VkShaderModule module, module_of(stem));
  const std::string name(entry);
  const VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = module,
                .pName = name.c_str()},
      .layout = layout_};
  VkPipeline pipeline = VK_NULL_HANDLE;
  if (auto created = check(
          gpu_.vk().CreateComputePipelines(gpu_.device(), cache_, 1, &info, nullptr, &pipeline),
          "vkCreateComputePipelines");
      !created) {
    return pass_on(created, fmt::format("While compiling GPU kernel {}", entry));
  }
  is_kept_ = false;
  return pipelines_.emplace(name, pipeline).first->second;
}

void Pipelines::keep() {
  if (is_kept_ || !files_) return;
  is_kept_ = true;  // whatever becomes of it now
  std::size_t size = 0;
  std::vector<std::byte> bytes;
  auto got = check(gpu_.vk().GetPipelineCacheData(gpu_.device(), cache_, &size, nullptr),
                   "vkGetPipelineCacheData");
  if (got) {
    bytes.resize(size);
    got = check(gpu_.vk().GetPipelineCacheData(gpu_.device(), cache_, &size, bytes.data()),
                "vkGetPipelineCacheData");
  }
  if (got) {
    const std::span<const std::byte> parts[] = {std::span(bytes).first(size)};
    got = files_->write(gpu_.identity() + ".pipelines", parts);
  }
  if (!got) {
    log::info("Compiled GPU kernels are not kept: {}", got.error().message());
    return;
  }
  files_->drop_oldest(kMostFiles, kMostCacheBytes);
}

}  // namespace driftwood::device::vulkan
