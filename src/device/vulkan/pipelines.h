// The kernels as the GPU's driver compiled them, each when it is first needed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "device/vulkan/gpu.h"
#include "os/private_folder.h"

namespace driftwood::device::vulkan {

class Pipelines {
 public:
  // What the driver compiles is kept in FOLDER/pipelines for later processes, one file for each GPU
  // and driver; an empty folder keeps nothing. What cannot be read there or written does no harm.
  static Result<std::unique_ptr<Pipelines>> create(const Gpu& gpu, const std::string& cache_folder);
  ~Pipelines();
  Pipelines(const Pipelines&) = delete;
  Pipelines& operator=(const Pipelines&) = delete;

  // One push constant: the address of a kernels::Call.
  VkPipelineLayout layout() const { return layout_; }

  // An entry point of the .slang file with this stem. Errors: unsupported when it is not there or
  // the driver refuses it.
  Result<VkPipeline> find(std::string_view stem, std::string_view entry);

  // Writes what was compiled since the last time to the folder.
  void keep();

 private:
  explicit Pipelines(const Gpu& gpu) : gpu_(gpu) {}
  Result<void> prepare(const std::string& cache_folder);
  std::vector<std::byte> read_kept() const;
  Result<VkShaderModule> make_module(std::string_view stem, std::string_view entry);

  const Gpu& gpu_;
  std::optional<os::PrivateFolder> files_;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipelineCache cache_ = VK_NULL_HANDLE;
  std::map<std::string, VkPipeline, std::less<>> pipelines_;  // by entry
  bool is_kept_ = true;
};

}  // namespace driftwood::device::vulkan
