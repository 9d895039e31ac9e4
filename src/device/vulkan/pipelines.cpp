#include "device/vulkan/pipelines.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "core/checksum.h"
#include "core/log.h"
#include "device/kernels/kernel_source.h"
#include "device/vulkan/outcome.h"
#include "device/vulkan/shader.h"

namespace driftwood::device::vulkan {
namespace {

constexpr std::uint64_t kMostCacheBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostFiles = 16;

using SumBytes = std::array<std::byte, sizeof(std::uint64_t)>;

// Of a kept file, which begins with it: drivers trust what they are given. The name is of the GPU
// and its driver, so that a file of another one does not have the sum either.
SumBytes checksum(const std::string& name, std::span<const std::byte> bytes) {
  const std::array parts = {std::as_bytes(std::span(name)), bytes};
  return std::bit_cast<SumBytes>(xxh3(parts));
}

std::string file_name(const Gpu& gpu) {
  return gpu.identity();
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
  DW_TRY(check_made(gpu_.vk().CreatePipelineLayout(gpu_.device(), &layout, nullptr, &layout_),
                    "vkCreatePipelineLayout", layout_));
  std::vector<std::byte> file;
  if (!cache_folder.empty()) {
    files_.emplace(cache_folder + "/pipelines", ".pipelines");
    file = read_kept();
  }
  const auto kept = std::span(file).subspan(file.empty() ? 0 : sizeof(SumBytes));
  const VkPipelineCacheCreateInfo cache = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
                                           .initialDataSize = kept.size(),
                                           .pInitialData = kept.data()};
  return check_made(gpu_.vk().CreatePipelineCache(gpu_.device(), &cache, nullptr, &cache_),
                    "vkCreatePipelineCache", cache_);
}

Pipelines::~Pipelines() {
  const Functions& vk = gpu_.vk();
  for (const auto& [entry, pipeline] : pipelines_) {
    vk.DestroyPipeline(gpu_.device(), pipeline, nullptr);
  }
  if (cache_ != VK_NULL_HANDLE) vk.DestroyPipelineCache(gpu_.device(), cache_, nullptr);
  if (layout_ != VK_NULL_HANDLE) vk.DestroyPipelineLayout(gpu_.device(), layout_, nullptr);
}

Result<VkShaderModule> Pipelines::make_module(std::string_view stem, std::string_view entry) {
  const auto sources = kernels::kernel_sources();
  const auto source = std::ranges::find(sources, stem, &kernels::KernelSource::stem);
  if (source == sources.end()) {
    return fail(ErrorCode::unsupported, "There is no GPU kernel for {}.", stem);
  }
  DW_TRY_ASSIGN(const auto words, shader_of(source->spirv, entry));
  const VkShaderModuleCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                         .codeSize = words.size() * sizeof(std::uint32_t),
                                         .pCode = words.data()};
  VkShaderModule module = VK_NULL_HANDLE;
  DW_TRY(check(gpu_.vk().CreateShaderModule(gpu_.device(), &info, nullptr, &module),
               "vkCreateShaderModule"));
  return module;
}

Result<VkPipeline> Pipelines::find(std::string_view stem, std::string_view entry) {
  if (const auto known = pipelines_.find(entry); known != pipelines_.end()) return known->second;
  DW_TRY_ASSIGN(const VkShaderModule module, make_module(stem, entry));
  const std::string name(entry);
  const VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = module,
                .pName = name.c_str()},
      .layout = layout_};
  VkPipeline pipeline = VK_NULL_HANDLE;
  const auto created =
      check(gpu_.vk().CreateComputePipelines(gpu_.device(), cache_, 1, &info, nullptr, &pipeline),
            "vkCreateComputePipelines");
  gpu_.vk().DestroyShaderModule(gpu_.device(), module, nullptr);
  if (!created) return pass_on(created, fmt::format("While compiling GPU kernel {}", entry));
  is_kept_ = false;
  return pipelines_.emplace(name, pipeline).first->second;
}

// The file of this GPU, or nothing.
std::vector<std::byte> Pipelines::read_kept() const {
  const std::string name = file_name(gpu_);
  auto file = files_->read(name, kMostCacheBytes);
  if (!file) {
    log::info("No compiled GPU kernels are used: {}", file.error().message());
    return {};
  }
  const auto kept = std::span(*file).subspan(std::min(file->size(), sizeof(SumBytes)));
  const auto sum = std::span(*file).first(file->size() - kept.size());
  if (std::ranges::equal(sum, checksum(name, kept))) return *std::move(file);
  log::info("The compiled GPU kernels in {} are not used: they do not have their checksum.", name);
  return {};
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
    bytes.resize(size);
    const SumBytes sum = checksum(file_name(gpu_), bytes);
    const std::span<const std::byte> parts[] = {sum, bytes};
    got = files_->write(file_name(gpu_), parts);
  }
  if (!got) {
    log::info("Compiled GPU kernels are not kept: {}", got.error().message());
    return;
  }
  files_->drop_oldest(kMostFiles, kMostCacheBytes);
}

}  // namespace driftwood::device::vulkan
