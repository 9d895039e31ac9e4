#include "device/vulkan/instance.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/log.h"
#include "device/vulkan/outcome.h"
#include "device/vulkan/shader.h"

namespace driftwood::device::vulkan {
namespace {

#ifdef __APPLE__
constexpr const char* kLoader = "libvulkan.1.dylib";
#else
constexpr const char* kLoader = "libvulkan.so.1";
#endif
constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";
constexpr std::uint32_t kApiVersion = VK_API_VERSION_1_2;

std::atomic<std::uint64_t> validation_messages = 0;

VKAPI_ATTR VkBool32 VKAPI_CALL
on_validation_message(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                      const VkDebugUtilsMessengerCallbackDataEXT* data, void*) {
  ++validation_messages;
  log::write(log::Level::error, fmt::format("Vulkan's validation layer: {}", data->pMessage));
  return VK_FALSE;
}

VkDebugUtilsMessengerCreateInfoEXT messenger_info() {
  return {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
          .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                             VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
          .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
          .pfnUserCallback = on_validation_message};
}

// The order in which devices are listed.
int rank(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return 0;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return 1;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return 2;
    default:
      return 3;
  }
}

// What this backend needs, as people know it; empty if it is all there.
std::string missing_features(const VkPhysicalDeviceProperties& properties,
                             const VkPhysicalDeviceFeatures& core,
                             const VkPhysicalDeviceVulkan11Features& v11,
                             const VkPhysicalDeviceVulkan12Features& v12) {
  if (properties.apiVersion < kApiVersion) {
    return fmt::format("It speaks Vulkan {}.{}, and 1.2 is needed.",
                       VK_API_VERSION_MAJOR(properties.apiVersion),
                       VK_API_VERSION_MINOR(properties.apiVersion));
  }
  const std::pair<VkBool32, std::string_view> needed[] = {
      {core.shaderInt64, "shaderInt64"},
      {core.shaderInt16, "shaderInt16"},
      {v11.storageBuffer16BitAccess, "storageBuffer16BitAccess"},
      {v12.storageBuffer8BitAccess, "storageBuffer8BitAccess"},
      {v12.shaderInt8, "shaderInt8"},
      {v12.bufferDeviceAddress, "bufferDeviceAddress"},
      {v12.timelineSemaphore, "timelineSemaphore"},
  };
  for (const auto& [is_there, name] : needed) {
    if (is_there == VK_FALSE) return fmt::format("It lacks the feature {}.", name);
  }
  const VkPhysicalDeviceLimits& limits = properties.limits;
  const std::tuple<std::uint32_t, std::uint32_t, std::string_view> sizes[] = {
      {limits.maxComputeWorkGroupInvocations, kMostThreads, "threads"},
      {limits.maxComputeWorkGroupSize[0], kMostThreads, "threads in a line"},
      {limits.maxComputeSharedMemorySize, kMostSharedBytes, "bytes of shared memory"},
  };
  for (const auto& [most, needed_count, what] : sizes) {
    if (most >= needed_count) continue;
    return fmt::format("Its workgroups have {} {} at most, and {} are needed.", most, what,
                       needed_count);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Instance>> Instance::create(const InstanceOptions& options) {
  auto library = os::Library::open(kLoader);
  if (!library) {
    return fail(ErrorCode::unsupported,
                "There is no Vulkan here: {} Install the loader (Debian: libvulkan1) and a driver "
                "(mesa-vulkan-drivers, or the GPU vendor's).",
                library.error().message());
  }
  std::unique_ptr<Instance> instance(new Instance(*std::move(library)));
  instance->options_ = options;
  DW_TRY_ASSIGN(void* const entry, instance->library_.find("vkGetInstanceProcAddr"));
  Functions& vk = instance->vk_;
  vk.GetInstanceProcAddr = reinterpret_cast<PFN_vkGetInstanceProcAddr>(entry);
#define VULKAN_LOAD(name) \
  vk.name = reinterpret_cast<PFN_vk##name>(vk.GetInstanceProcAddr(VK_NULL_HANDLE, "vk" #name));
  VULKAN_GLOBAL_FUNCTIONS(VULKAN_LOAD)
#undef VULKAN_LOAD
  if (vk.CreateInstance == nullptr || vk.EnumerateInstanceVersion == nullptr) {
    return fail(ErrorCode::unsupported, "The Vulkan loader is older than 1.1, and 1.2 is needed.");
  }
  if (options.alter) options.alter(vk);
  DW_TRY(instance->create_instance());
  return instance;
}

Result<void> Instance::create_instance() {
  std::uint32_t version = 0;
  DW_TRY(check(vk_.EnumerateInstanceVersion(&version), "vkEnumerateInstanceVersion"));
  if (version < kApiVersion) {
    return fail(ErrorCode::unsupported, "The Vulkan loader speaks {}.{}, and 1.2 is needed.",
                VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version));
  }
  const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                         .pApplicationName = "driftwood",
                                         .apiVersion = kApiVersion};
  const auto messenger = messenger_info();
  const char* const extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
  VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                               .pApplicationInfo = &application};
  if (options_.validate) {
    info.pNext = &messenger;
    info.enabledLayerCount = 1;
    info.ppEnabledLayerNames = &kValidationLayer;
    info.enabledExtensionCount = 1;
    info.ppEnabledExtensionNames = &extension;
  }
  if (auto created =
          check_made(vk_.CreateInstance(&info, nullptr, &instance_), "vkCreateInstance", instance_);
      !created) {
    return pass_on(created,
                   options_.validate
                       ? "While asking for Vulkan's validation layer (Debian: "
                         "vulkan-validationlayers)"
                       : "While looking for a Vulkan driver (Debian: mesa-vulkan-drivers)");
  }
  const char* absent = nullptr;
#define VULKAN_LOAD(name)                                                                    \
  vk_.name = reinterpret_cast<PFN_vk##name>(vk_.GetInstanceProcAddr(instance_, "vk" #name)); \
  if (vk_.name == nullptr) absent = "vk" #name;
  VULKAN_INSTANCE_FUNCTIONS(VULKAN_LOAD)
  if (options_.validate) {
    VULKAN_DEBUG_FUNCTIONS(VULKAN_LOAD)
  }
#undef VULKAN_LOAD
  if (absent != nullptr) {
    return fail(ErrorCode::unsupported, "The Vulkan loader has no {}.", absent);
  }
  if (options_.alter) options_.alter(vk_);
  return options_.validate ? create_messenger() : Result<void>();
}

Result<void> Instance::create_messenger() {
  const auto info = messenger_info();
  return check_made(vk_.CreateDebugUtilsMessengerEXT(instance_, &info, nullptr, &messenger_),
                    "vkCreateDebugUtilsMessengerEXT", messenger_);
}

Instance::~Instance() {
  if (messenger_ != VK_NULL_HANDLE) {
    vk_.DestroyDebugUtilsMessengerEXT(instance_, messenger_, nullptr);
  }
  if (instance_ == VK_NULL_HANDLE) return;
  // The first one stays for as long as the process, and with it the drivers: one that is unloaded
  // and loaded again cannot be used for long (NVIDIA's runs out of thread-local memory).
  static std::atomic<bool> is_kept = false;
  if (!options_.alter && !is_kept.exchange(true)) {
    [[maybe_unused]] static const auto* const kept = new os::Library(std::move(library_));
    return;
  }
  if (vk_.DestroyInstance != nullptr) vk_.DestroyInstance(instance_, nullptr);
}

Result<void> Instance::load_device_functions(VkDevice device) {
  const char* absent = nullptr;
#define VULKAN_LOAD(name)                                                               \
  vk_.name = reinterpret_cast<PFN_vk##name>(vk_.GetDeviceProcAddr(device, "vk" #name)); \
  if (vk_.name == nullptr) absent = "vk" #name;
  VULKAN_DEVICE_FUNCTIONS(VULKAN_LOAD)
#undef VULKAN_LOAD
  if (absent != nullptr) {
    return fail(ErrorCode::unsupported, "The Vulkan driver has no {}.", absent);
  }
  if (options_.alter) options_.alter(vk_);
  return {};
}

Result<PhysicalDevice> Instance::describe(VkPhysicalDevice handle) const {
  PhysicalDevice device = {.handle = handle};
  VkPhysicalDeviceExternalMemoryHostPropertiesEXT external = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT};
  VkPhysicalDeviceMaintenance3Properties most = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES, .pNext = &external};
  VkPhysicalDeviceDriverProperties driver = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, .pNext = &most};
  VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                            .pNext = &driver};
  vk_.GetPhysicalDeviceProperties2(handle, &properties);
  device.properties = properties.properties;
  device.driver = fmt::format("{} {}", driver.driverName, driver.driverInfo);

  VkPhysicalDeviceVulkan12Features v12 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan11Features v11 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &v12};
  VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                        .pNext = &v11};
  vk_.GetPhysicalDeviceFeatures2(handle, &features);
  device.missing = missing_features(device.properties, features.features, v11, v12);

  std::uint32_t count = 0;
  vk_.GetPhysicalDeviceQueueFamilyProperties(handle, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vk_.GetPhysicalDeviceQueueFamilyProperties(handle, &count, families.data());
  families.resize(count);
  const auto family = std::ranges::find_if(
      families, [](const auto& one) { return (one.queueFlags & VK_QUEUE_COMPUTE_BIT) != 0; });
  if (family == families.end()) {
    device.missing = "It has no queue that computes.";
  } else {
    device.queue_family = static_cast<std::uint32_t>(family - families.begin());
    device.timestamp_bits = family->timestampValidBits;
  }

  DW_TRY(check(vk_.EnumerateDeviceExtensionProperties(handle, nullptr, &count, nullptr),
               "vkEnumerateDeviceExtensionProperties"));
  std::vector<VkExtensionProperties> extensions(count);
  DW_TRY(check(vk_.EnumerateDeviceExtensionProperties(handle, nullptr, &count, extensions.data()),
               "vkEnumerateDeviceExtensionProperties"));
  extensions.resize(count);  // there may be less by now
  const bool imports = std::ranges::any_of(extensions, [](const VkExtensionProperties& one) {
    return std::string_view(one.extensionName) == VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME;
  });
  device.import_alignment = external.minImportedHostPointerAlignment;
  device.most_memory_bytes = most.maxMemoryAllocationSize;
  if (!imports && device.missing.empty()) {
    device.missing = fmt::format("It lacks {}, by which it addresses memory of guests in place.",
                                 VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME);
  }
  return device;
}

Result<std::vector<PhysicalDevice>> Instance::physical_devices() const {
  std::uint32_t count = 0;
  DW_TRY(check(vk_.EnumeratePhysicalDevices(instance_, &count, nullptr),
               "vkEnumeratePhysicalDevices"));
  std::vector<VkPhysicalDevice> handles(count);
  DW_TRY(check(vk_.EnumeratePhysicalDevices(instance_, &count, handles.data()),
               "vkEnumeratePhysicalDevices"));
  handles.resize(count);                      // there may be less by now
  std::multimap<int, PhysicalDevice> ranked;  // those of one rank stay in the driver's order
  for (const VkPhysicalDevice handle : handles) {
    DW_TRY_ASSIGN(PhysicalDevice device, describe(handle));
    ranked.emplace(rank(device.properties.deviceType), std::move(device));
  }
  std::vector<PhysicalDevice> devices;
  for (auto& [_, device] : ranked) devices.push_back(std::move(device));
  return devices;
}

std::uint64_t Instance::validation_message_count() {
  return validation_messages;
}

}  // namespace driftwood::device::vulkan
