// Files of frozen actors that say what no actor can be, or what costs the reader more than the file
// cost its writer.
#include <gtest/gtest.h>

#include "actor/thaw.h"
#include "core/log.h"
#include "support/allocations.h"
#include "support/frozen_bases.h"
#include "support/frozen_fate.h"
#include "support/frozen_parts.h"

namespace driftwood::test {
namespace {

using nlohmann::json;

constexpr std::uint64_t kPage = 65536;
constexpr std::uint64_t kAll = 0xffffffffffffffff;
// Handles of the guest of frozen_bases.cpp.
constexpr std::size_t kModel = 0, kState = 3, kGraph = 6;

class FrozenAttack : public testing::Test {
 protected:
  FrozenAttack() : base(bases().front()), parts(base.bytes) {
    log::configure(log::Level::error, [](log::Level, std::string_view) {});
  }

  // An idle actor, and one that waits for the end of a run.
  static const std::vector<FrozenBase>& bases() {
    static const std::vector<FrozenBase> kBases = small_frozen_bases();
    return kBases;
  }
  void take_waiting() {
    base = bases()[1];
    parts = FrozenParts(base.bytes);
  }

  void expect_refusal(ErrorCode code, std::string_view words) {
    const auto bytes = parts.file();
    const auto refused = thaw(bytes);
    ASSERT_TRUE(refused) << "It thawed.";
    EXPECT_EQ(refused->code(), code) << refused->message();
    EXPECT_NE(refused->message().find(words), std::string::npos) << refused->message();
  }

  void expect_fate(FrozenFate wanted) {
    const auto fate = fate_of_frozen(parts.file(), base.services, base.module, 8);
    ASSERT_TRUE(fate) << fate.error().message();
    EXPECT_EQ(*fate, wanted);
  }

  // Why the bytes do not thaw, if they do not; and that looking took no more memory than so.
  std::optional<Error> thaw(std::span<const std::byte> bytes) {
    const Allocations allocations;
    std::optional<Error> error;
    {
      const auto file = actor::frozen::File::of(bytes);
      if (!file) {
        error = file.error();
      } else if (const auto thawed = actor::thaw(*file, base.services, base.module); !thawed) {
        error = thawed.error();
      }
    }
    EXPECT_LE(allocations.largest_bytes(), bytes.size() + kConstantBytes);
    EXPECT_LE(allocations.peak_bytes(), bytes.size() + kConstantBytes);
    return error;
  }

  // Text of the description that is not there yet.
  void add_texts(const std::string& text) {
    FrozenParts::Tensor& texts = parts.tensor("texts");
    const auto bytes = std::as_bytes(std::span(text));
    texts.bytes.insert(texts.bytes.end(), bytes.begin(), bytes.end());
    texts.shape[0] = texts.bytes.size();
  }

  FrozenBase base;
  FrozenParts parts;

 private:
  // What a description of the most values takes as a tree, it and its texts as they are copied, and
  // the objects of the most blocks.
  static constexpr std::uint64_t kConstantBytes =
      128 * actor::frozen::kMostJsonValues + 2 * actor::frozen::kMostJsonBytes +
      2 * actor::frozen::kMostTextBytes + 192 * actor::frozen::kMostBlocks;
};

TEST_F(FrozenAttack, windows_that_overlap) {
  parts.actor["windows"][1]["offset"] = parts.actor["windows"][0]["offset"];
  expect_refusal(ErrorCode::invalid_argument, "overlaps the window");
}

TEST_F(FrozenAttack, a_window_beyond_the_memory) {
  parts.actor["windows"][0]["offset"] = 8 * kPage;
  expect_refusal(ErrorCode::invalid_argument, "lies outside the memory");
}

TEST_F(FrozenAttack, a_window_whose_end_overflows) {
  parts.actor["windows"][0]["offset"] = kAll - kPage + 1;
  parts.actor["windows"][0]["bytes"] = 2 * kPage;
  expect_refusal(ErrorCode::invalid_argument, "lies outside the memory");
}

TEST_F(FrozenAttack, a_window_off_its_step) {
  parts.actor["windows"][0]["bytes"] = 4096;
  expect_refusal(ErrorCode::invalid_argument, "multiples of 65536");
}

TEST_F(FrozenAttack, a_program_that_writes_a_window_shared_for_reading) {
  parts.actor["windows"][0]["access"] = "read";
  expect_refusal(ErrorCode::invalid_argument, "shared for reading");
}

TEST_F(FrozenAttack, a_window_bound_behind_its_end) {
  parts.actor["graphs"][0]["windows"][0]["offset"] = kPage + 4;
  expect_refusal(ErrorCode::invalid_argument, "over the window");
}

// It is the guest's to bind what it likes; no run comes of it.
TEST_F(FrozenAttack, a_register_bound_twice) {
  parts.actor["graphs"][1]["registers"][1] = parts.actor["graphs"][1]["registers"][0];
  expect_fate(FrozenFate::failed);
}

TEST_F(FrozenAttack, a_handle_that_is_there_twice) {
  parts.actor["handles"][1]["number"] = parts.actor["handles"][0]["number"];
  expect_refusal(ErrorCode::corrupt, "does not come after");
}

TEST_F(FrozenAttack, a_handle_with_the_number_zero) {
  parts.actor["handles"][0]["number"] = 0;
  expect_refusal(ErrorCode::corrupt, "does not come after");
}

TEST_F(FrozenAttack, a_handle_over_the_largest) {
  parts.actor["handles"].back()["number"] = 0xffffffff;
  expect_refusal(ErrorCode::corrupt, "2147483647");
}

TEST_F(FrozenAttack, a_last_handle_below_those_alive) {
  parts.actor["last_handle"] = 1;
  expect_refusal(ErrorCode::corrupt, "last handle");
}

TEST_F(FrozenAttack, a_last_run_over_the_largest) {
  parts.actor["last_run"] = 0x80000000;
  expect_refusal(ErrorCode::corrupt, "last run");
}

TEST_F(FrozenAttack, a_handle_of_what_is_not_there) {
  parts.actor["handles"][kState]["index"] = 1;
  expect_refusal(ErrorCode::corrupt, "names state 1");
}

TEST_F(FrozenAttack, a_handle_of_another_kind_than_its_index_says) {
  parts.actor["handles"][kGraph]["kind"] = "state";
  parts.actor["handles"][kGraph]["index"] = 2;
  expect_refusal(ErrorCode::corrupt, "names state 2");
}

TEST_F(FrozenAttack, more_handles_than_a_guest_may_have) {
  json& handles = parts.actor["handles"];
  for (json handle = handles[kState]; handles.size() < 300;) {
    handle["number"] = handles.back()["number"].get<int>() + 1;
    handles.push_back(handle);
  }
  expect_refusal(ErrorCode::limit, "may have 256");
}

TEST_F(FrozenAttack, a_handle_of_the_model_for_an_actor_without_one) {
  base.services.model = nullptr;
  parts.actor["model"] = nullptr;
  parts.actor["graphs"] = json::array();
  json handle = parts.actor["handles"][kModel];
  parts.actor["handles"] = json::array({handle});
  expect_refusal(ErrorCode::corrupt, "which this actor cannot have");
}

TEST_F(FrozenAttack, a_graph_of_a_model_for_an_actor_without_one) {
  base.services.model = nullptr;
  parts.actor["model"] = nullptr;
  expect_refusal(ErrorCode::corrupt, "A graph uses a model");
}

TEST_F(FrozenAttack, a_graph_that_binds_more_slots_than_its_program_has) {
  parts.actor["graphs"][2]["windows"].push_back(nullptr);
  expect_refusal(ErrorCode::corrupt, "binds 3 windows");
}

TEST_F(FrozenAttack, a_graph_with_the_program_of_another) {
  parts.actor["graphs"][0]["program"] = parts.actor["graphs"][2]["program"];
  expect_refusal(ErrorCode::corrupt, "binds");
}

TEST_F(FrozenAttack, a_state_with_more_rows_than_it_may_have) {
  parts.actor["states"][0]["most_rows"] = 1;
  expect_refusal(ErrorCode::limit, "over the state's limit");
}

TEST_F(FrozenAttack, a_state_with_other_rows_than_its_blocks_hold) {
  parts.actor["states"][0]["rows"] = 17;
  expect_refusal(ErrorCode::corrupt, "17 rows take 2 blocks");
}

TEST_F(FrozenAttack, a_state_that_its_program_does_not_take) {
  FrozenParts::Tensor& state = parts.tensor("state.0");
  std::swap(state.shape[1], state.shape[2]);
  expect_refusal(ErrorCode::invalid_argument, "State slot 0 takes 2 planes");
}

TEST_F(FrozenAttack, a_memory_below_what_the_module_begins_with) {
  parts.actor["memory_bytes"] = 7 * kPage;
  expect_refusal(ErrorCode::corrupt, "cannot become one of");
}

TEST_F(FrozenAttack, a_memory_off_a_page) {
  parts.actor["memory_bytes"] = 8 * kPage + 4096;
  expect_refusal(ErrorCode::corrupt, "it grows by multiples");
}

TEST_F(FrozenAttack, memories_over_the_limit) {
  for (const std::uint64_t bytes : {(std::uint64_t{1} << 26) + kPage, std::uint64_t{1} << 32,
                                    (std::uint64_t{1} << 32) + kPage, kAll - kPage + 1}) {
    parts.actor["memory_bytes"] = bytes;
    expect_refusal(ErrorCode::limit, "cannot grow");
  }
}

TEST_F(FrozenAttack, a_memory_over_4_GiB_where_no_limit_is_set) {
  base.services.limits.memory_bytes = kAll;
  parts.actor["memory_bytes"] = (std::uint64_t{1} << 32) + kPage;
  expect_refusal(ErrorCode::limit, "cannot grow");
}

TEST_F(FrozenAttack, a_page_beyond_the_memory) {
  FrozenParts::Tensor& pages = parts.tensor("memory.pages");
  const std::uint32_t number = 8 * kPage / 4096;
  std::ranges::copy(std::as_bytes(std::span(&number, 1)), pages.bytes.end() - 4);
  expect_refusal(ErrorCode::corrupt, "below 128");
}

TEST_F(FrozenAttack, a_page_that_is_there_twice) {
  FrozenParts::Tensor& pages = parts.tensor("memory.pages");
  ASSERT_GE(pages.bytes.size(), 8u);
  std::ranges::copy(std::span(pages.bytes).first(4), pages.bytes.begin() + 4);
  expect_refusal(ErrorCode::corrupt, "numbers ascend");
}

TEST_F(FrozenAttack, a_guest_that_finished_and_waits_for_a_run) {
  take_waiting();
  parts.actor["finished"] = true;
  expect_refusal(ErrorCode::corrupt, "The guest has finished");
  parts.actor["finished"] = false;
  parts.actor["next"] = "finished";
  expect_refusal(ErrorCode::corrupt, "The guest has not finished");
}

TEST_F(FrozenAttack, a_guest_that_never_started_and_waits_for_a_run) {
  take_waiting();
  parts.actor["started"] = false;
  expect_refusal(ErrorCode::corrupt, "was not started");
}

TEST_F(FrozenAttack, a_run_that_failed_without_one_that_is_waited_for) {
  parts.actor["outcome"] = {{"code", "limit"}, {"text", {0, 0}}};
  expect_refusal(ErrorCode::corrupt, "does not wait for");
}

TEST_F(FrozenAttack, a_run_that_is_waited_for_without_any_that_was_asked_for) {
  parts.actor["next"] = "run";  // the guest is told that a run has ended, and may judge that
  expect_fate(FrozenFate::thawed);
}

TEST_F(FrozenAttack, counts_and_times_at_their_ends) {
  take_waiting();
  for (const char* field : {"left_ns", "output_position", "calls", "clock_ns", "rows"}) {
    parts.actor[field] = kAll;
  }
  parts.actor["mailbox"][0]["left_ns"] = kAll;
  const auto fate = fate_of_frozen(parts.file(), base.services, base.module, 8);
  EXPECT_TRUE(fate) << fate.error().message();
}

TEST_F(FrozenAttack, as_many_registers_as_can_be_said) {
  parts.actor["registers"] = 0xffffffff;
  expect_refusal(ErrorCode::corrupt, "There is no tensor \"register.2\"");
}

TEST_F(FrozenAttack, a_text_that_is_taken_twice) {
  parts.actor["output"] = json::array({{0, 8}, {0, 8}});
  parts.actor["mailbox"] = json::array();
  while (parts.actor["output"].size() < 1000) parts.actor["output"].push_back(json::array({0, 8}));
  expect_refusal(ErrorCode::corrupt, "takes a part of them twice");
}

// From here on: what could cost more than it should.

TEST_F(FrozenAttack, a_description_of_more_values_than_the_limit) {
  for (const std::string value : {"[]", "{}", "0", "\"\"", "[0,0]"}) {
    std::string list = "[" + value;
    while (list.size() < 4'000'000) list += "," + value;
    parts.actor["unknown"] = json::parse(list + "]");
    expect_refusal(ErrorCode::limit, "values, over the limit");
  }
}

TEST_F(FrozenAttack, a_description_of_as_many_values_as_it_may_have) {
  const auto used = parts.actor.dump().size();  // more than its values
  const std::size_t left = actor::frozen::kMostJsonValues - used;
  for (const json& value : {json::array(), json::object(), json("")}) {
    parts.actor["unknown"] = json::array_t(value.is_string() ? left : left / 2, value);
    EXPECT_FALSE(thaw(parts.file()));
  }
  parts.actor.erase("unknown");
  for (const char* list : {"windows", "graphs", "handles", "globals", "mailbox", "output"}) {
    json description = parts.actor;
    std::swap(description, parts.actor);
    parts.actor[list] = json::array_t(left, 0);
    expect_refusal(ErrorCode::corrupt, list);
    std::swap(description, parts.actor);
  }
}

TEST_F(FrozenAttack, a_description_nested_as_deep_as_it_may_be) {
  const std::size_t depth = actor::frozen::kMostJsonValues - parts.actor.dump().size();
  std::string text = parts.actor.dump();
  text.insert(1, "\"unknown\":" + std::string(depth, '[') + std::string(depth, ']') + ",");
  const auto read = [](std::uint64_t, std::span<std::byte>) { return Result<void>(); };
  EXPECT_TRUE(actor::frozen::read_descriptor(text, {.size_bytes = 1 << 16, .read = read}));
}

TEST_F(FrozenAttack, a_description_over_its_size) {
  parts.actor["options"] = std::string(actor::frozen::kMostJsonBytes, 'o');
  expect_refusal(ErrorCode::limit, "bytes, over the limit");
}

TEST_F(FrozenAttack, texts_of_many_bytes) {
  const std::size_t at = parts.tensor("texts").bytes.size();
  add_texts(std::string(8'000'000, 't'));
  for (std::size_t i = 0; i < 8; ++i) {
    parts.actor["mailbox"].push_back({{"text", {at + i * 1'000'000, 1'000'000}}, {"left_ns", 1}});
  }
  EXPECT_FALSE(thaw(parts.file()));
}

TEST_F(FrozenAttack, texts_over_their_size) {
  add_texts(std::string(actor::frozen::kMostTextBytes + 1, 't'));
  expect_refusal(ErrorCode::limit, "Messages and output of the actor have");
}

TEST_F(FrozenAttack, a_header_over_its_size) {
  const std::string name(100, 'n');
  for (std::size_t i = 0; i < 120'000; ++i) {
    parts.tensors.push_back({name + std::to_string(i), "U8", json::array({0}), {}});
  }
  expect_refusal(ErrorCode::limit, "The header of the file has");
}

TEST_F(FrozenAttack, an_input_log_of_many_small_records) {
  FrozenParts::Tensor& log = parts.tensor("input_log");
  for (std::size_t i = 0; i < 8'000'000; ++i) {
    const std::uint32_t head[] = {1, 0};
    const auto bytes = std::as_bytes(std::span(head));
    log.bytes.insert(log.bytes.end(), bytes.begin(), bytes.end());
  }
  log.shape[0] = log.bytes.size();
  EXPECT_FALSE(thaw(parts.file()));
}

TEST_F(FrozenAttack, metadata_of_many_entries) {
  for (std::size_t i = 0; i < 500'000; ++i) parts.metadata[std::to_string(i)] = "";
  expect_refusal(ErrorCode::limit, "entries");
}

TEST_F(FrozenAttack, tensors_of_no_bytes_that_nothing_names_are_passed_over) {
  for (std::size_t i = 0; i < 100'000; ++i) {
    parts.tensors.push_back({std::to_string(i), "U8", json::array({0}), {}});
  }
  EXPECT_TRUE(thaw(parts.file()));
}

TEST_F(FrozenAttack, a_state_of_the_smallest_blocks) {
  constexpr std::uint64_t kBlocks = actor::frozen::kMostBlocks;
  FrozenParts::Tensor& state = parts.tensor("state.0");
  state.shape = json::array({kBlocks, 1, 1, 16, 1});
  state.bytes.assign(kBlocks * 16 * 2, std::byte{1});
  parts.actor["states"][0] = {{"rows", kBlocks * 16}, {"most_rows", kBlocks * 16}};
  parts.actor["graphs"][0]["states"][0] = nullptr;
  EXPECT_FALSE(thaw(parts.file()));

  state.shape = json::array({kBlocks + 1, 1, 1, 16, 1});
  state.bytes.resize((kBlocks + 1) * 16 * 2);
  parts.actor["states"][0] = {{"rows", (kBlocks + 1) * 16}, {"most_rows", (kBlocks + 1) * 16}};
  expect_refusal(ErrorCode::limit, "blocks of rows, over the limit");
}

// Both of its values are there only once it is run.
TEST_F(FrozenAttack, a_register_of_many_bytes) {
  constexpr std::uint64_t kBytes = 400'000'000;
  parts.tensors.push_back({fmt::format("register.{}", parts.actor["registers"].get<int>()), "F32",
                           json::array({kBytes / 4}), std::vector<std::byte>(kBytes)});
  parts.actor["registers"] = parts.actor["registers"].get<int>() + 1;
  EXPECT_TRUE(thaw(parts.file()));
}

TEST_F(FrozenAttack, many_graphs_of_one_program) {
  json& graphs = parts.actor["graphs"];
  for (const json graph = graphs[0]; graphs.size() < 2000;) graphs.push_back(graph);
  EXPECT_FALSE(thaw(parts.file()));
}

TEST_F(FrozenAttack, programs_over_their_limit) {
  base.services.limits.program_bytes = parts.tensor("program.0").bytes.size();
  expect_refusal(ErrorCode::limit, "The actor's programs take more");
}

}  // namespace
}  // namespace driftwood::test
