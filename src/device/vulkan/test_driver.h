// For tests: what stands between this backend and the driver. It makes calls fail, counts what is
// made and destroyed, and passes the processor off as a GPU with memory of its own.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "device/test_validation.h"
#include "device/vulkan/gpu.h"
#include "device/vulkan/instance.h"

namespace driftwood::device::vulkan::testing {

// The call of a name, without vk, that fails the nth time, counted from 1, and whether from then on
// it always does.
struct Fault {
  std::string call = {};
  int nth = 1;
  VkResult result = VK_SUCCESS;
  bool stays = false;
};

// Lifetime: outlives what is opened through it; one at a time. Threads: any.
class Driver {
 public:
  Driver() { current = this; }
  ~Driver() { current = nullptr; }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // What an instance is made with, for its calls to go through this.
  InstanceOptions options() {
    return {.validate = device::testing::can_validate(),
            .alter = [](Functions& functions) { wrap_all(functions); }};
  }

  // A GPU that does not compute in the host's memory, as far as this backend can see.
  void pretend_discrete() {
    change_properties = [](VkPhysicalDeviceProperties2& properties) {
      properties.properties.deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    };
  }
  std::function<void(VkPhysicalDeviceProperties2&)> change_properties;
  std::function<void(VkPhysicalDeviceFeatures2&)> change_features;
  std::function<void(VkQueueFamilyProperties&)> change_families;
  // Only who waits for the GPU learns that it is done, however quick it is.
  bool hides_progress = false;

  void break_call(Fault fault) {
    const std::lock_guard lock(mutex_);
    faults_ = {std::move(fault)};
    calls_.clear();
    has_failed_ = false;
  }
  void break_also(Fault fault) {
    const std::lock_guard lock(mutex_);
    faults_.push_back(std::move(fault));
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
  }
  bool has_failed() const { return has_failed_; }

  // Since the last break_call().
  int calls(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return calls_[name];
  }

  // What was made and is not yet destroyed: "Buffer" and how many.
  std::map<std::string, int> alive() const {
    std::map<std::string, int> alive = alive_;
    std::erase_if(alive, [](const auto& entry) { return entry.second == 0; });
    return alive;
  }

  // Whether the GPU has done all that was submitted to it.
  bool is_idle() const { return unfinished_ == 0 || reached() >= unfinished_; }

 private:
  template <auto kMember>
  struct Wrapped;

  static inline Driver* current = nullptr;

  template <auto kMember, typename Function>
  static void wrap(Function& function, std::string_view name) {
    if (function == nullptr || function == &Wrapped<kMember>::call) return;
    Wrapped<kMember>::original = function;
    Wrapped<kMember>::name = name;
    function = &Wrapped<kMember>::call;
  }

  static void wrap_all(Functions& functions){
#define WRAP(function) wrap<&Functions::function>(functions.function, #function);
      VULKAN_GLOBAL_FUNCTIONS(WRAP) VULKAN_INSTANCE_FUNCTIONS(WRAP) VULKAN_DEBUG_FUNCTIONS(WRAP)
          VULKAN_DEVICE_FUNCTIONS(WRAP)
#undef WRAP
  }

  // What the call has to answer, if it has to fail.
  std::optional<VkResult> count(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const int n = ++calls_[std::string(name)];
    for (const Fault& fault : faults_) {
      if (fault.call != name || n < fault.nth || (n > fault.nth && !fault.stays)) continue;
      has_failed_ = true;
      return fault.result;
    }
    return {};
  }

  void keep_count(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (name == "DestroyDevice") unfinished_ = 0;
    if (name == "CreateComputePipelines") name = "CreatePipeline";
    for (const auto& [verb, step] :
         {std::pair("Create", 1), {"Allocate", 1}, {"Destroy", -1}, {"Free", -1}}) {
      if (!name.starts_with(verb)) continue;
      alive_[std::string(name.substr(std::string_view(verb).size()))] += step;
    }
  }

  // What a driver may leave where a handle was to come.
  template <typename Last>
  static void scribble(Last last) {
    if constexpr (std::is_pointer_v<Last>) {
      using Handle = std::remove_pointer_t<Last>;
      if constexpr (std::is_pointer_v<Handle> && !std::is_const_v<Handle>) {
        if (last != nullptr) std::memset(static_cast<void*>(last), 0x5a, sizeof(Handle));
      }
    }
  }
  template <typename... Arguments>
  static void scribble_last(Arguments... arguments) {
    (scribble(arguments), ...);
  }

  // Looks at the arguments of a call that was done.
  template <typename Argument>
  void look_at(const Argument&) {}
  void look_at(VkPhysicalDeviceProperties2* properties) {
    if (change_properties) change_properties(*properties);
  }
  void look_at(VkPhysicalDeviceFeatures2* features) {
    if (change_features) change_features(*features);
  }
  void look_at(VkQueueFamilyProperties* family) {
    if (change_families && family != nullptr) change_families(*family);
  }
  void look_at(std::uint64_t* counter) {
    if (hides_progress) *counter = 0;
  }
  void look_at(const VkSubmitInfo* submitted) {
    const auto* const timeline =
        static_cast<const VkTimelineSemaphoreSubmitInfo*>(submitted->pNext);
    unfinished_ = timeline->pSignalSemaphoreValues[0];
    timeline_ = submitted->pSignalSemaphores[0];
  }
  void look_at(VkDevice device) {
    if (device_ != device) device_ = device;
  }

  std::uint64_t reached() const;

  std::mutex mutex_;
  std::vector<Fault> faults_;
  bool has_failed_ = false;
  std::map<std::string, int> calls_;
  std::map<std::string, int> alive_;
  VkDevice device_ = VK_NULL_HANDLE;
  VkSemaphore timeline_ = VK_NULL_HANDLE;
  std::uint64_t unfinished_ = 0;  // what the timeline comes to when all is done
};

template <typename Answer, typename... Arguments,
          Answer (VKAPI_PTR* Functions::*kMember)(Arguments...)>
struct Driver::Wrapped<kMember> {
  static inline Answer(VKAPI_PTR* original)(Arguments...) = nullptr;
  static inline std::string_view name;

  static VKAPI_ATTR Answer VKAPI_CALL call(Arguments... arguments) {
    Driver& driver = *current;
    const auto failure = driver.count(name);
    if constexpr (std::is_same_v<Answer, VkResult>) {
      if (failure) {
        // Commands whose recording fails are not being recorded any more, and a GPU that is not
        // waited for any longer is not to write into what is let go of then.
        if (name == "EndCommandBuffer" || *failure == VK_TIMEOUT) original(arguments...);
        scribble_last(arguments...);
        return *failure;
      }
    }
    if constexpr (std::is_void_v<Answer>) {
      driver.keep_count(name);
      original(arguments...);
      (driver.look_at(arguments), ...);
    } else {
      const Answer answer = original(arguments...);
      if constexpr (std::is_same_v<Answer, VkResult>) {
        if (answer == VK_SUCCESS) {
          driver.keep_count(name);
          (driver.look_at(arguments), ...);
        }
      }
      return answer;
    }
  }
};

inline std::uint64_t Driver::reached() const {
  using Counter = Wrapped<&Functions::GetSemaphoreCounterValue>;
  std::uint64_t value = 0;
  Counter::original(device_, timeline_, &value);
  return value;
}

// The name of a test by its parameter: whether the GPU passes as one with memory of its own.
inline const auto memory_kind = [](const auto& info) {
  return std::string(info.param ? "discrete" : "shared");
};

// The first GPU, opened through a driver. Null, and the test is to be skipped, where there is none.
inline std::unique_ptr<Gpu> open_gpu(Driver& driver) {
  auto instance = Instance::create(driver.options());
  if (!instance) return nullptr;
  auto gpu = Gpu::open(*std::move(instance), 0);
  return gpu ? *std::move(gpu) : nullptr;
}

}  // namespace driftwood::device::vulkan::testing
