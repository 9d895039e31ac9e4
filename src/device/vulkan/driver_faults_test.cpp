// Every call of the driver fails once, at each place where it is made: there is a clear error,
// nothing leaks, nothing is let go of while the GPU works, and the device goes on as if nothing had
// happened, or is lost for good.
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "device/test_support.h"
#include "device/vulkan/outcome.h"
#include "device/vulkan/test_driver.h"
#include "device/vulkan/vulkan_device.h"
#include "memory/region.h"
#include "os/test_folder.h"

namespace driftwood::device::vulkan {
namespace {

using namespace device::testing;
using sdk::DType;
using testing::Driver;
using testing::Fault;

constexpr std::uint32_t kWidth = 8, kTableRows = 6, kMostRows = 16;

// y = 2 w[ids], and k appended to a state: kernels that are quickly compiled.
struct SmallProgram {
  std::shared_ptr<MemoryWeights> weights = std::make_shared<MemoryWeights>();
  std::shared_ptr<const graph::Program> program;

  SmallProgram() {
    weights->add("w", tensor::DType::f32, {kTableRows, kWidth},
                 std::vector<float>(kTableRows * kWidth, 0.5f));
    sdk::Program p;
    const sdk::Symbol rows = p.symbol(kMostRows);
    const auto ids = p.window(DType::i32, {rows});
    const auto y = p.window(DType::f32, {rows, kWidth});
    const auto k = p.window(DType::f32, {rows, 1, kWidth});
    const auto once = p.gather_rows(p.weight("w", DType::f32, {kTableRows, kWidth}), ids);
    p.add(once, once, y);
    p.append_rows(k, p.state_plane(0, 0, DType::f32, 1, kWidth));
    program = decode(p);
  }
};

Result<void> wait_twice(Device& device, Serial serial) {
  const auto ended = device.wait(serial, kPatienceNs);
  if (ended || ended.error().code() != ErrorCode::timeout) return ended;
  return device.wait(serial, kPatienceNs);
}

// Two sequences of it, of 2 rows and of 1; gives y of both.
Result<std::vector<float>> run_both(Device& device,
                                    const std::shared_ptr<const Executable>& executable,
                                    AppendState& first, AppendState& second) {
  // One buffer: the ids, then k, then a y for each.
  constexpr std::uint64_t kIds = 0, kK = 64, kY = 512;
  Bytes bytes(1024);
  std::ranges::copy(bytes_of(std::vector<std::int32_t>(2, kTableRows - 1)), bytes.begin());
  const std::uint64_t y_bytes[] = {2 * kWidth * sizeof(float), kWidth * sizeof(float)};
  DW_TRY_ASSIGN(const auto buffer, device.allocate(bytes.size()));
  DW_TRY(device.upload(*buffer, 0, bytes, Purpose::window));
  const auto bind = [&](std::uint64_t offset_bytes) -> BufferPlace {
    return {buffer.get(), offset_bytes};
  };
  const std::vector<Sequence> sequences = {
      {{2}, {bind(kIds), bind(kY), bind(kK)}, {&first}},
      {{1}, {bind(kIds), bind(kY + y_bytes[0]), bind(kK)}, {&second}}};
  const std::uint32_t before = first.length_rows();
  const auto done = [&]() -> Result<void> {
    DW_TRY_ASSIGN(const Serial serial, device.submit(executable, sequences));
    return wait_twice(device, serial);
  }();
  EXPECT_EQ(first.length_rows(), before + (done ? 2u : 0u));
  DW_TRY(done);
  Bytes y(y_bytes[0] + y_bytes[1]);
  DW_TRY(device.download(*buffer, kY, y, Purpose::window));
  return values_of<float>(y);
}

// What a process does with a device, step by step, each of which can be done again.
class Scenario {
 public:
  Scenario(Driver& driver, std::string folder) : driver_(driver), folder_(std::move(folder)) {}

  struct Step {
    const char* name;
    Result<void> (Scenario::*run)();
    bool runs = false;
  };
  static std::vector<Step> steps() {
    return {{"open", &Scenario::open},           {"import", &Scenario::import},
            {"copy", &Scenario::copy},           {"fork", &Scenario::fork},
            {"compile", &Scenario::compile},     {"run", &Scenario::run, true},
            {"cancel", &Scenario::cancel, true}, {"observe", &Scenario::observe, true},
            {"measure", &Scenario::measure}};
  }

  // Whether all is there that the later steps need.
  bool can_run() const { return window_ && state_ && fork_ && executable_; }

 private:
  Result<void> open() {
    DW_TRY_ASSIGN(device_,
                  open_vulkan_device({.cache_folder = folder_, .instance = driver_.options()}));
    return {};
  }

  Result<void> import() {
    const auto region = must(memory::Region::reserve({1 << 17, 1 << 17, 1 << 16}));
    auto range =
        must(memory::Import::acquire(region, {1 << 16, 1 << 16, memory::Access::read_write}));
    DW_TRY_ASSIGN(window_, device_->import_host(std::move(range)));
    return {};
  }

  Result<void> copy() {
    const Bytes sent(300, std::byte{9});
    Bytes got(300);
    DW_TRY_ASSIGN(const auto from, device_->allocate(1000));
    DW_TRY_ASSIGN(const auto to, device_->allocate(1000));
    DW_TRY(device_->upload(*from, 4, sent, Purpose::window));
    DW_TRY(device_->copy({from.get(), 4}, {to.get(), 500}, 300));
    DW_TRY(device_->download(*to, 500, got, Purpose::window));
    EXPECT_EQ(got, sent);
    return {};
  }

  Result<void> fork() {
    DW_TRY_ASSIGN(state_,
                  AppendState::create(*device_, {tensor::DType::f32, 1, 1, kWidth, kMostRows * 4}));
    const Bytes block(state_->block_bytes(), std::byte{3});
    Bytes got(block.size());
    DW_TRY(state_->load(AppendState::kBlockRows, block));
    DW_TRY_ASSIGN(fork_, state_->fork());
    DW_TRY(fork_->read_block(0, got));
    EXPECT_EQ(got, block);
    DW_TRY(state_->truncate(5));
    return fork_->truncate(3);
  }

  Result<void> compile() {
    DW_TRY_ASSIGN(executable_, device_->compile(small_.program, small_.weights));
    return {};
  }

  Result<void> run() {
    DW_TRY_ASSIGN(const auto y, run_both(*device_, executable_, *state_, *fork_));
    EXPECT_EQ(y, std::vector<float>(3 * kWidth, 1));
    return {};
  }

  Result<void> cancel() {
    std::vector<Sequence> sequences = {{{0}, {}, {state_.get()}}};
    for (int i = 0; i < 3; ++i) sequences[0].windows.push_back({window_.get(), 0});
    DW_TRY_ASSIGN(const Serial serial, device_->submit(executable_, sequences));
    device_->cancel(serial);
    const auto ended = wait_twice(*device_, serial);
    if (!ended && ended.error().code() == ErrorCode::cancelled) return {};
    return ended;
  }

  Result<void> observe() {
    std::size_t events = 0;
    must(device_->observe([&](const OpEvent&) { ++events; }));
    const auto done = run();
    must(device_->observe({}));
    if (done) EXPECT_EQ(events, small_.program->ops.size());
    return done;
  }

  Result<void> measure() {
    DW_TRY_ASSIGN(const auto buffer, device_->allocate(1 << 16));
    DW_TRY(device_->measure_read(*buffer));
    return {};
  }

  Driver& driver_;
  std::string folder_;
  SmallProgram small_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Buffer> window_;
  std::unique_ptr<AppendState> state_, fork_;
  std::shared_ptr<const Executable> executable_;
};

// Where a call that fails is an error of the device.
enum class Harm { always, at_some_places, sometimes, never };

struct FailingCall {
  std::string_view name;
  std::vector<VkResult> results;
  Harm harm = Harm::always;
};

constexpr auto kHost = VK_ERROR_OUT_OF_HOST_MEMORY;
constexpr auto kDevice = VK_ERROR_OUT_OF_DEVICE_MEMORY;
constexpr auto kLost = VK_ERROR_DEVICE_LOST;
constexpr auto kInit = VK_ERROR_INITIALIZATION_FAILED;

// All that give a VkResult, with what they may answer.
std::vector<FailingCall> failing_calls() {
  return {
      {"EnumerateInstanceVersion", {kHost}},
      {"CreateInstance", {kHost, kInit, VK_ERROR_INCOMPATIBLE_DRIVER, VK_ERROR_LAYER_NOT_PRESENT}},
      {"CreateDebugUtilsMessengerEXT", {kHost}},
      {"EnumeratePhysicalDevices", {kHost, kInit, VK_INCOMPLETE}},
      {"EnumerateDeviceExtensionProperties", {kHost, VK_INCOMPLETE}},
      {"CreateDevice",
       {kHost, kInit, VK_ERROR_FEATURE_NOT_PRESENT, VK_ERROR_TOO_MANY_OBJECTS, kLost}},
      // At the end of a device.
      {"DeviceWaitIdle", {kHost, kLost}, Harm::never},
      // A smaller chunk of the heap is tried, and weights that are not imported are copied.
      {"CreateBuffer", {kHost, kDevice}, Harm::at_some_places},
      {"AllocateMemory", {kHost, kDevice, VK_ERROR_TOO_MANY_OBJECTS}, Harm::at_some_places},
      {"BindBufferMemory", {kHost, kDevice}, Harm::at_some_places},
      {"MapMemory", {kHost, VK_ERROR_MEMORY_MAP_FAILED}, Harm::at_some_places},
      {"GetMemoryHostPointerPropertiesEXT",
       {kHost, VK_ERROR_INVALID_EXTERNAL_HANDLE},
       Harm::at_some_places},
      {"CreateSemaphore", {kHost, kDevice}},
      // A cancellation that cannot tell whether it comes too late.
      {"GetSemaphoreCounterValue", {kHost, kLost}, Harm::sometimes},
      {"WaitSemaphores", {kHost, kDevice, kLost, VK_TIMEOUT}, Harm::at_some_places},
      {"QueueSubmit", {kHost, kDevice, kLost}},
      {"CreateCommandPool", {kHost, kDevice}},
      {"AllocateCommandBuffers", {kHost, kDevice}},
      {"BeginCommandBuffer", {kHost, kDevice}},
      {"EndCommandBuffer", {kHost, kDevice}},
      // An observed run takes the host's clock.
      {"CreateQueryPool", {kHost, kDevice}, Harm::at_some_places},
      {"GetQueryPoolResults", {kHost, kLost}},
      {"CreatePipelineLayout", {kHost, kDevice}},
      {"CreatePipelineCache", {kHost}},
      // Compiled kernels are not kept.
      {"GetPipelineCacheData", {kHost, VK_INCOMPLETE}, Harm::never},
      {"CreateShaderModule", {kHost, VK_ERROR_INVALID_SHADER_NV}},
      {"CreateComputePipelines", {kHost, kDevice, VK_ERROR_INVALID_SHADER_NV}},
  };
}

// Whether an error says what happened.
void expect_clear(const Fault& fault, const Error& error) {
  const ErrorCode mapped = check(fault.result, "").error().code();
  const std::string& text = error.message();
  if (fault.result == VK_TIMEOUT) {
    const bool is_of_run = error.code() == ErrorCode::timeout;
    EXPECT_TRUE(is_of_run || error.code() == ErrorCode::device_lost) << text;
    EXPECT_NE(text.find(is_of_run ? "did not end" : "did not finish"), std::string::npos) << text;
    return;
  }
  const bool is_refused_import =
      text.find("While importing") != std::string::npos && error.code() == ErrorCode::unsupported;
  EXPECT_TRUE(error.code() == mapped || is_refused_import) << text;
  EXPECT_NE(text.find("vk" + fault.call), std::string::npos) << text;
  EXPECT_NE(text.find(name_of(fault.result)), std::string::npos) << text;
}

class DriverFaults : public ::testing::TestWithParam<std::tuple<bool, std::size_t>> {
 protected:
  void SetUp() override {
    if (!open_device("vulkan", checked_options())) GTEST_SKIP() << "There is no Vulkan device.";
  }

  // Goes through the scenario with this fault.
  void meet(const FailingCall& call, const Fault& fault);

  const os::TestFolder folder_;
  bool was_met_ = false;
  int errors_ = 0;  // that came of it
};

void DriverFaults::meet(const FailingCall& call, const Fault& fault) {
  SCOPED_TRACE(fmt::format("{} of call {} of vk{}{}", name_of(fault.result), fault.nth, fault.call,
                           fault.stays ? ", and from then on" : ""));
  Driver driver;
  if (std::get<0>(GetParam())) driver.pretend_discrete();
  driver.break_call(fault);
  driver.hides_progress = call.name == "WaitSemaphores";
  std::optional<Error> error;
  {
    Scenario scenario(driver, folder_.path());
    bool is_lost = false;
    for (const Scenario::Step& step : Scenario::steps()) {
      SCOPED_TRACE(step.name);
      if (is_lost && step.runs && !scenario.can_run()) continue;
      const Result<void> done = (scenario.*step.run)();
      if (is_lost) {
        EXPECT_FALSE(done);
        if (!done) EXPECT_EQ(done.error().code(), ErrorCode::device_lost) << done.error().message();
        continue;
      }
      if (done) continue;
      EXPECT_TRUE(driver.has_failed() && !error) << done.error().message();
      EXPECT_TRUE(driver.is_idle());
      error = done.error();
      expect_clear(fault, *error);
      if (fault.stays) break;
      is_lost = error->code() == ErrorCode::device_lost && std::string_view(step.name) != "open";
      if (is_lost) continue;
      const Result<void> again = (scenario.*step.run)();
      EXPECT_TRUE(again) << again.error().message();
      if (!again) break;
    }
  }
  EXPECT_TRUE(driver.alive().empty()) << fmt::format("{}", driver.alive());
  was_met_ = driver.has_failed();
  if (!was_met_) return;
  errors_ += error.has_value();
  EXPECT_TRUE(error || call.harm != Harm::always) << "There is no error.";
  EXPECT_TRUE(!error || call.harm != Harm::never) << error->message();
}

// The results to try: one of each error code where a call is made at many places.
std::vector<VkResult> results_of(const FailingCall& call, bool is_discrete) {
  if (!is_discrete) return call.results;
  std::map<ErrorCode, VkResult> by_code;
  for (const VkResult result : call.results) by_code[check(result, "").error().code()] = result;
  std::vector<VkResult> results;
  for (const auto& [code, result] : by_code) results.push_back(result);
  return results;
}

TEST_P(DriverFaults, are_clear_errors_and_leave_nothing_behind) {
  const auto [is_discrete, number] = GetParam();
  const FailingCall call = failing_calls()[number];
  if (call.name == "CreateDebugUtilsMessengerEXT" && !can_validate()) {
    GTEST_SKIP() << "The validation layer is not installed.";
  }
  constexpr int kEachPlace = 12, kMostPlaces = 60;  // from the first on every third
  constexpr int kPlacesThatStay = 2;  // of calls whose first failure is an error in any case
  int met = 0;
  for (const VkResult result : results_of(call, is_discrete)) {
    for (const bool stays : {false, true}) {
      errors_ = 0;
      const int most = stays && call.harm == Harm::always ? kPlacesThatStay : kMostPlaces;
      for (int n = 1; n <= most; n += n < kEachPlace ? 1 : 3) {
        meet(call, {std::string(call.name), n, result, stays});
        if (!was_met_) break;
        ++met;
        if (HasFailure()) return;
      }
      if (stays && call.harm == Harm::at_some_places) EXPECT_GT(errors_, 0) << name_of(result);
    }
  }
  EXPECT_GT(met, 0) << "The call is never made.";
}

INSTANTIATE_TEST_SUITE_P(
    , DriverFaults,
    ::testing::Combine(::testing::Bool(), ::testing::Range(std::size_t{0}, failing_calls().size())),
    [](const auto& info) {
      return std::string(failing_calls()[std::get<1>(info.param)].name) +
             (std::get<0>(info.param) ? "_discrete" : "_shared");
    });

TEST(DeviceLoss, is_for_good_and_the_process_goes_on_with_another_device) {
  Driver driver;
  auto opened = open_vulkan_device({.instance = driver.options()});
  if (!opened) GTEST_SKIP() << opened.error().message();
  auto device = *std::move(opened);
  const SmallProgram small;
  auto executable = must(device->compile(small.program, small.weights));
  const AppendStateShape shape = {tensor::DType::f32, 1, 1, kWidth, kMostRows};
  auto first = must(AppendState::create(*device, shape));
  auto second = must(AppendState::create(*device, shape));
  auto buffer = must(device->allocate(1024));
  const std::vector<Sequence> one = {
      {{1}, {{buffer.get(), 0}, {buffer.get(), 256}, {buffer.get(), 512}}, {first.get()}}};
  const std::vector<Sequence> other = {
      {{1}, {{buffer.get(), 0}, {buffer.get(), 256}, {buffer.get(), 512}}, {second.get()}}};
  const Serial earlier = must(device->submit(executable, one));
  const Serial later = must(device->submit(executable, other));
  driver.break_call({"WaitSemaphores", 1, VK_ERROR_DEVICE_LOST});
  driver.hides_progress = true;

  const auto expect_lost = [](const auto& result, std::string_view what) {
    ASSERT_FALSE(result) << what;
    EXPECT_EQ(result.error().code(), ErrorCode::device_lost) << what;
  };
  Bytes bytes(16);
  expect_lost(device->wait(earlier, kPatienceNs), "a wait");
  expect_lost(device->wait(later, kPatienceNs), "a wait for what was in flight");
  EXPECT_EQ(first->length_rows(), 0u);
  EXPECT_EQ(second->length_rows(), 0u);
  expect_lost(device->submit(executable, one), "a run");
  expect_lost(device->allocate(16), "memory");
  expect_lost(device->upload(*buffer, 0, bytes, Purpose::window), "an upload");
  expect_lost(device->download(*buffer, 0, bytes, Purpose::window), "a download");
  expect_lost(device->copy({buffer.get(), 0}, {buffer.get(), 64}, 16), "a copy");
  expect_lost(device->measure_read(*buffer), "a measurement");
  expect_lost(device->measure_arithmetic(), "a measurement");
  expect_lost(
      device->compile(SmallProgram().program, std::make_shared<MemoryWeights>(*small.weights)),
      "another program");
  device->cancel(earlier);

  const auto cpu = must(open_device("cpu", {}));
  const auto on_cpu = must(cpu->compile(small.program, small.weights));
  const auto a = must(AppendState::create(*cpu, shape)), b = must(AppendState::create(*cpu, shape));
  EXPECT_EQ(must(run_both(*cpu, on_cpu, *a, *b)), std::vector<float>(3 * kWidth, 1));

  first.reset(), second.reset(), buffer.reset(), executable.reset();
  device = must(open_vulkan_device({.instance = driver.options()}));
  executable = must(device->compile(small.program, small.weights));
  first = must(AppendState::create(*device, shape));
  second = must(AppendState::create(*device, shape));
  EXPECT_EQ(must(run_both(*device, executable, *first, *second)),
            std::vector<float>(3 * kWidth, 1));
  executable.reset(), first.reset(), second.reset(), device.reset();
  EXPECT_TRUE(driver.alive().empty()) << fmt::format("{}", driver.alive());
}

}  // namespace
}  // namespace driftwood::device::vulkan
