// What is under way when an actor is frozen goes on where it was, although nobody saved it by name:
// it lies in the guest's memory, or in the actor.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "actor/scheduler.h"
#include "actors/actor_bench.h"
#include "device/test_support.h"
#include "guest/test_support.h"
#include "os/process.h"

namespace driftwood::test {
namespace {

using device::testing::must;
using nlohmann::json;

constexpr std::uint64_t kHourNs = 3'600'000'000'000;

using Records = std::vector<std::string>;

Records run_to_end(actor::Actor& actor) {
  Records records;
  must(actor.run([&](std::string_view record) { records.emplace_back(record); }));
  return records;
}

Records make_steps(actor::Actor& actor, std::uint64_t count) {
  Records records;
  must(actor.run([&](std::string_view record) { records.emplace_back(record); }, count));
  return records;
}

// One step, whose records wait.
void make_step_unheard(actor::Actor& actor) {
  actor::Scheduler scheduler(*actor.services().device);
  actor::Actor* const itself = &actor;
  scheduler.step({&itself, 1});
}

std::string text_of(const Records& records) {
  std::string text;
  for (const std::string& record : records) text += json::parse(record).value("text", "");
  return text;
}

json last_of(const Records& records) {
  return json::parse(records.back());
}

class ComesAlong : public testing::Test {
 protected:
  ComesAlong() : bench_(model(), "llama") {}

  static std::shared_ptr<const model::Model> model() {
    static const auto kModel = must(model::open_model(DRIFTWOOD_SOURCE_DIR "/models/default"));
    return kModel;
  }

  static json request(unsigned tokens, double temperature = 0) {
    return {{"prompt", "It was late in the evening when"},
            {"max_tokens", tokens},
            {"temperature", temperature},
            {"seed", 4}};
  }

  std::unique_ptr<actor::Actor> spawn(const json& request) const {
    auto actor = bench_.spawn();
    actor->send(request.dump());
    return actor;
  }

  Records answer_to(const json& request) const { return run_to_end(*spawn(request)); }

  // Cuts after each step that decided on a token and wrote nothing. Gives their number.
  std::size_t expect_the_same_around_silence(const json& request) const {
    const Records wanted = answer_to(request);
    const auto whole = spawn(request);
    make_steps(*whole, 2);  // the start, the prompt
    std::size_t cuts = 0;
    for (Records heard; whole->is_ready();) {
      const Records more = make_steps(*whole, 1);
      heard.insert(heard.end(), more.begin(), more.end());
      if (!more.empty()) continue;
      ++cuts;
      Records records = heard;
      std::ranges::copy(run_to_end(*bench_.through_file(*whole)), std::back_inserter(records));
      EXPECT_EQ(records, wanted);
    }
    return cuts;
  }

  ActorBench bench_;
};

TEST_F(ComesAlong, a_character_whose_first_bytes_were_held_back) {
  json bias = json::object();
  for (const std::int32_t id : must(model()->tokenizer->encode("αβγ", false))) {
    bias[std::to_string(id)] = 100;
  }
  json greek = request(24, 0.9);
  greek["logit_bias"] = bias;
  EXPECT_NE(text_of(answer_to(greek)).find("\xce"), std::string::npos) << "It wrote no Greek.";
  EXPECT_GT(expect_the_same_around_silence(greek), 2u);
}

TEST_F(ComesAlong, a_stop_string_of_which_a_half_was_written) {
  const std::string text = text_of(answer_to(request(24)));
  json half = request(24);
  half["stop"] = {text.substr(20, 20) + " Zoroaster", text.substr(60, 12) + "#"};
  EXPECT_GT(expect_the_same_around_silence(half), 4u);
  EXPECT_EQ(text_of(answer_to(half)), text);
}

TEST_F(ComesAlong, a_stop_string_whose_other_half_comes_then) {
  const std::string text = text_of(answer_to(request(24)));
  json found = request(24);
  found["stop"] = text.substr(20, 20);
  EXPECT_GT(expect_the_same_around_silence(found), 2u);
  const Records records = answer_to(found);
  EXPECT_EQ(text_of(records), text.substr(0, 20));
  EXPECT_EQ(last_of(records)["reason"], "stop");
}

TEST_F(ComesAlong, the_sampler_and_its_generator_whose_seed_was_drawn) {
  json sampled = request(40, 1.0);
  const std::string of_another_seed = text_of(answer_to(sampled));
  sampled.erase("seed");
  const Records wanted = answer_to(sampled);
  ASSERT_NE(text_of(wanted), of_another_seed);
  const auto actor = spawn(sampled);
  Records records = make_steps(*actor, 17);
  std::ranges::copy(run_to_end(*bench_.through_file(*actor)), std::back_inserter(records));
  EXPECT_EQ(records, wanted);
}

TEST_F(ComesAlong, a_message_that_waits) {
  const json second = request(12, 0.7);
  const auto actor = spawn(request(12));
  actor->send(second.dump());
  Records records = make_steps(*actor, 6);
  const auto bytes = freeze(*actor);
  const auto file = must(actor::frozen::File::of(bytes));
  ASSERT_EQ(file.descriptor().mailbox.size(), 1u);
  EXPECT_EQ(file.descriptor().mailbox[0].text.bytes, second.dump());
  std::ranges::copy(run_to_end(*bench_.thaw(file)), std::back_inserter(records));
  const auto whole = spawn(request(12));
  whole->send(second.dump());
  EXPECT_EQ(records, run_to_end(*whole));
}

TEST_F(ComesAlong, records_that_nobody_took) {
  const Records wanted = answer_to(request(16));
  const auto actor = spawn(request(16));
  const Records taken = make_steps(*actor, 6);
  for (int i = 0; i < 5; ++i) make_step_unheard(*actor);
  const std::size_t waiting = actor->output().records().size();
  ASSERT_GT(waiting, 2u);
  const auto thawed = bench_.through_file(*actor);
  EXPECT_EQ(thawed->output().first_position(), taken.size());
  EXPECT_EQ(thawed->output().records(), actor->output().records());
  EXPECT_EQ(thawed->output().waiting_bytes(), actor->output().waiting_bytes());
  Records records = taken;
  std::ranges::copy(run_to_end(*thawed), std::back_inserter(records));
  EXPECT_EQ(records, wanted);
  EXPECT_EQ(thawed->output().first_position(), wanted.size());
}

TEST_F(ComesAlong, what_was_left_of_the_time_for_messages) {
  const auto actor = bench_.spawn();
  actor->send(request(40).dump(), kHourNs);
  actor->send(request(40).dump(), 2 * kHourNs);
  make_steps(*actor, 5);
  const auto bytes = freeze(*actor);
  const auto file = must(actor::frozen::File::of(bytes));
  const std::uint64_t present_ns = file.descriptor().left_ns.value();
  const std::uint64_t next_ns = file.descriptor().mailbox.at(0).left_ns.value();
  EXPECT_LT(present_ns, kHourNs);
  EXPECT_GT(present_ns, kHourNs / 2);

  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // no time passes in a file
  const std::uint64_t before_ns = os::monotonic_ns();
  const auto thawed = bench_.thaw(file);
  const actor::Snapshot snapshot = must(thawed->snapshot());
  const std::uint64_t since_ns = os::monotonic_ns() - before_ns;
  EXPECT_LE(snapshot.left_ns.value(), present_ns);
  EXPECT_GE(snapshot.left_ns.value() + since_ns, present_ns);
  EXPECT_LE(snapshot.mailbox.at(0).left_ns.value(), next_ns);
  EXPECT_GE(snapshot.mailbox.at(0).left_ns.value() + since_ns, next_ns);
}

TEST_F(ComesAlong, a_time_that_is_over_ends_the_work) {
  const auto actor = bench_.spawn();
  actor->send(request(150).dump(), 1'000'000'000);
  make_steps(*actor, 3);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const Records records = run_to_end(*bench_.through_file(*actor));
  EXPECT_EQ(last_of(records), (json{{"type", "done"}, {"reason", "deadline"}}));
}

TEST_F(ComesAlong, the_guest_s_clock_which_stands_still_in_a_file) {
  std::uint64_t now_ns = 5'000;
  guest::Services services = bench_.services();
  services.now_ns = [&now_ns] { return now_ns; };
  const auto actor = must(actor::Actor::create(services, bench_.module()));
  actor->send(request(10).dump());
  make_steps(*actor, 3);
  now_ns += 30;
  const auto bytes = freeze(*actor);
  now_ns = 1;  // of a machine that was started later
  const auto file = must(actor::frozen::File::of(bytes));
  const auto thawed = must(actor::thaw(file, services, bench_.module())).actor;
  now_ns += 7;
  const Records records = run_to_end(*thawed);
  const json usage = json::parse(records.at(records.size() - 2));
  EXPECT_EQ(usage["prefill_ns"].get<int>() + usage["decode_ns"].get<int>(), 37);
}

TEST_F(ComesAlong, that_it_was_never_started) {
  const auto actor = spawn(request(8));
  const auto bytes = freeze(*actor);
  const auto file = must(actor::frozen::File::of(bytes));
  EXPECT_FALSE(file.descriptor().started);
  EXPECT_EQ(run_to_end(*bench_.thaw(file)), answer_to(request(8)));
}

TEST_F(ComesAlong, that_nothing_waits) {
  const auto actor = spawn(request(8));
  run_to_end(*actor);
  const auto thawed = bench_.through_file(*actor);
  EXPECT_EQ(must(thawed->status()), actor::Status::idle);
  EXPECT_FALSE(thawed->is_ready());
  for (const auto& one : {actor.get(), thawed.get()}) one->send(request(12, 0.7).dump());
  EXPECT_EQ(run_to_end(*thawed), run_to_end(*actor));
  EXPECT_EQ(digest_of(*thawed), digest_of(*actor));
}

TEST(Starting, a_cancellation_after_the_thaw_is_meant_for_the_first_message) {
  const std::string wat = R"((module (memory (export "memory") 1)
    (func (export "driftwood_start") (result i32) (i32.const 2))
    (func (export "driftwood_resume") (param $event i32) (param $status i32) (result i32)
      (i32.store (i32.const 64) (i32.add (i32.mul (i32.load (i32.const 64)) (i32.const 10))
                                         (local.get $event)))
      (select (i32.const 2) (i32.const 0) (i32.eq (local.get $event) (i32.const 1))))))";
  const ActorBench starts_twice(nullptr, guest::test::wasm_of(wat));
  const auto twice = starts_twice.spawn();
  twice->send("one");
  make_steps(*twice, 1);
  const auto second = starts_twice.through_file(*twice);
  second->cancel();
  run_to_end(*second);
  EXPECT_EQ(guest::test::read_word(second->guest(), 64), 313);  // cancel, message, cancel
}

TEST(Finished, is_finished_in_its_file_too) {
  const std::string wat = R"((module (memory (export "memory") 1)
    (func (export "driftwood_start") (result i32) (i32.const 0))
    (func (export "driftwood_resume") (param i32 i32) (result i32) (i32.const 3))))";
  const ActorBench bench(nullptr, guest::test::wasm_of(wat));
  const auto actor = bench.spawn();
  actor->send("one");
  actor->send("two");
  run_to_end(*actor);
  const auto thawed = bench.through_file(*actor);
  EXPECT_EQ(must(thawed->status()), actor::Status::finished);
  EXPECT_FALSE(thawed->is_ready());
  EXPECT_EQ(digest_of(*thawed), digest_of(*actor));
  EXPECT_EQ(must(thawed->snapshot()).mailbox.size(), 1u);
}

}  // namespace
}  // namespace driftwood::test
