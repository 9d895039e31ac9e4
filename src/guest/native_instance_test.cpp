// Guests that are functions of this file.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "device/registry.h"
#include "guest/abi.h"
#include "guest/guest.h"
#include "guest/guest_instance.h"

namespace driftwood::guest {
namespace {

// What the guest at hand does when it is started and resumed.
std::function<std::int32_t()> on_start;
std::function<std::int32_t(std::int32_t, std::int32_t)> on_resume;

const NativeExports kExports = {
    [] { return on_start(); },
    [](std::int32_t event, std::int32_t status) { return on_resume(event, status); }};

class NativeInstance : public testing::Test {
 protected:
  NativeInstance() {
    on_start = [] { return DW_NEXT_IDLE; };
    on_resume = [](std::int32_t, std::int32_t) { return DW_NEXT_IDLE; };
  }

  Services services() {
    return {.device = device_.get(),
            .model = nullptr,
            .limits = {},
            .write_output = [this](std::string_view record) { output_ += record; },
            .random_bits = [] { return std::uint64_t{11}; },
            .now_ns = [] { return std::uint64_t{12}; }};
  }

  // A guest that did `work` when it was started.
  void start(std::function<void()> work) {
    on_start = [&] {
      work();
      return DW_NEXT_IDLE;
    };
    auto guest = Guest::create_native(kExports, services());
    ASSERT_TRUE(guest) << guest.error().message();
    const auto next = (*guest)->start();
    ASSERT_TRUE(next) << next.error().message();
  }

  std::unique_ptr<device::Device> device_ = *device::open_device("null", {});
  std::string output_;
};

std::string last_sentence() {
  std::string text(static_cast<std::size_t>(dw_error_text(nullptr, 0)), '\0');
  dw_error_text(text.data(), static_cast<std::uint32_t>(text.size()));
  return text;
}

TEST_F(NativeInstance, messages_records_and_numbers_go_through_the_imports) {
  on_resume = [](std::int32_t event, std::int32_t) {
    EXPECT_EQ(event, DW_EVENT_MESSAGE);
    std::string message(3, '\0');
    EXPECT_EQ(dw_message_read(message.data(), 3), 5);
    EXPECT_EQ(message, "hel");
    dw_output_write(message.data(), 3);
    std::uint64_t number = 0;
    EXPECT_EQ(dw_random_seed(&number), 0);
    EXPECT_EQ(number, 11u);
    EXPECT_EQ(dw_now(&number), 0);
    EXPECT_EQ(number, 12u);
    return DW_NEXT_FINISHED;
  };
  auto guest = Guest::create_native(kExports, services());
  ASSERT_TRUE(guest) << guest.error().message();
  EXPECT_EQ((*guest)->start(), Next::idle);
  (*guest)->set_message("hello");
  EXPECT_EQ((*guest)->resume(Event::message), Next::finished);
  EXPECT_EQ(output_, "hel");
  EXPECT_FALSE((*guest)->resume(Event::message)) << "it has finished";
}

TEST_F(NativeInstance, a_window_is_worked_on_in_place) {
  start([] {
    void* const memory = dw_native_allocate(65536);
    ASSERT_NE(memory, nullptr);
    EXPECT_GT(dw_window_share(memory, 65536, DW_READ_WRITE), 0) << last_sentence();
  });
}

TEST_F(NativeInstance, memory_that_is_no_window_s_is_refused_with_a_sentence) {
  start([] {
    alignas(65536) static char elsewhere[65536];
    EXPECT_EQ(dw_window_share(elsewhere, 65536, DW_READ), DW_E_INVALID);
    EXPECT_NE(last_sentence().find("lies outside the guest's memory"), std::string::npos);
  });
}

TEST_F(NativeInstance, what_the_sandboxed_guest_is_refused_this_one_is_too) {
  start([] {
    EXPECT_EQ(dw_model_open(0), DW_E_NOT_FOUND);
    EXPECT_EQ(dw_message_read(nullptr, 0), DW_E_NOT_FOUND);
    EXPECT_EQ(dw_release(1), DW_E_INVALID);
    EXPECT_EQ(dw_log(4, "x", 1), DW_E_INVALID);
    EXPECT_EQ(dw_graph_compile(0, "x", 1), DW_E_INVALID);
    const dw_state_shape shape = {DW_U8, 1, 1, 1, 1};
    EXPECT_LT(dw_state_append(&shape), 0);
    const std::string record((16u << 20) + 1, 'x');
    EXPECT_EQ(dw_output_write(record.data(), (16u << 20) + 1), DW_E_LIMIT);
  });
}

TEST_F(NativeInstance, breaking_the_protocol_ends_the_guest) {
  on_start = [] { return DW_NEXT_RUN; };
  auto guest = Guest::create_native(kExports, services());
  ASSERT_TRUE(guest) << guest.error().message();
  const auto next = (*guest)->start();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), ErrorCode::guest_failed);
  EXPECT_EQ(next.error().message(),
            "The guest's driftwood_start waits for a run, but asked for none.");
}

TEST_F(NativeInstance, there_is_one_at_a_time) {
  auto first = Guest::create_native(kExports, services());
  ASSERT_TRUE(first);
  const auto second = Guest::create_native(kExports, services());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::limit);
  first->reset();
  EXPECT_TRUE(Guest::create_native(kExports, services()));
}

TEST_F(NativeInstance, cannot_be_frozen) {
  const auto instance = make_native_instance(kExports, services()).value();
  EXPECT_EQ(instance->module(), nullptr);
  EXPECT_TRUE(instance->globals().empty());
  for (const auto& answer : {instance->set_globals({}), instance->grow_memory(1 << 20)}) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::unsupported);
    EXPECT_EQ(answer.error().message(), "A guest of this program cannot be frozen.");
  }
}

TEST_F(NativeInstance, outside_a_guest_s_life_imports_refuse) {
  EXPECT_EQ(dw_abi_version(), DW_E_INVALID);
  EXPECT_EQ(dw_native_allocate(65536), nullptr);
}

}  // namespace
}  // namespace driftwood::guest
