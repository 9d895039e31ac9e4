#include "os/team.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace driftwood::os {
namespace {

class TeamOfSize : public testing::TestWithParam<unsigned> {};

INSTANTIATE_TEST_SUITE_P(Sizes, TeamOfSize, testing::Range(1u, 9u));

TEST_P(TeamOfSize, runs_every_member_exactly_once_a_round) {
  constexpr unsigned kRounds = 10'000;
  Team team(GetParam());
  ASSERT_EQ(team.size(), GetParam());
  // Plain integers: a member that runs twice, or after run() has returned, is a race that TSan
  // sees.
  std::vector<unsigned> runs(team.size(), 0);
  for (unsigned round = 1; round <= kRounds; ++round) {
    team.run([&](unsigned member) { ++runs.at(member); });
    for (const unsigned count : runs) ASSERT_EQ(count, round);
  }
}

TEST_P(TeamOfSize, uses_a_thread_for_each_member_and_the_caller_for_member_0) {
  Team team(GetParam());
  std::vector<std::thread::id> threads(team.size());
  team.run([&](unsigned member) { threads[member] = std::this_thread::get_id(); });
  EXPECT_EQ(threads[0], std::this_thread::get_id());
  EXPECT_EQ(std::set(threads.begin(), threads.end()).size(), team.size());
}

TEST_P(TeamOfSize, members_work_at_the_same_time) {
  Team team(GetParam());
  std::atomic<unsigned> arrived = 0;
  team.run([&](unsigned) {  // returns only if all members are inside together
    ++arrived;
    while (arrived.load() < team.size()) std::this_thread::yield();
  });
  EXPECT_EQ(arrived.load(), team.size());
}

TEST_P(TeamOfSize, wakes_from_sleep) {
  Team team(GetParam());
  std::atomic<unsigned> runs = 0;
  for (unsigned round = 1; round <= 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // far longer than it spins
    team.run([&](unsigned) { ++runs; });
    EXPECT_EQ(runs.load(), round * team.size());
  }
}

TEST_P(TeamOfSize, waits_for_a_slow_member) {
  Team team(GetParam());
  unsigned done = 0;
  const unsigned last = team.size() - 1;
  team.run([&](unsigned member) {
    if (member != last) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    done = 1;
  });
  EXPECT_EQ(done, 1u);
}

TEST_P(TeamOfSize, ends_at_once_when_it_never_ran) {
  Team team(GetParam());
}

TEST_P(TeamOfSize, ends_while_its_members_spin) {
  for (int i = 0; i < 100; ++i) {
    Team team(GetParam());
    team.run([](unsigned) {});
  }
}

TEST_P(TeamOfSize, ends_while_its_members_sleep) {
  Team team(GetParam());
  team.run([](unsigned) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

TEST(Team, teams_work_side_by_side) {
  Team first(3), second(2);
  unsigned runs[5] = {};
  for (int round = 0; round < 100; ++round) {
    first.run([&](unsigned member) { ++runs[member]; });
    second.run([&](unsigned member) { ++runs[3 + member]; });
  }
  for (const unsigned count : runs) EXPECT_EQ(count, 100u);
}

TEST(Team, takes_callables_by_reference_and_constant_ones) {
  Team team(2);
  std::atomic<unsigned> runs = 0;
  const auto constant = [&](unsigned) { ++runs; };
  auto changing = [&, sum = std::atomic<unsigned>(0)](unsigned member) mutable {
    sum += member;
    ++runs;
  };
  team.run(constant);
  team.run(changing);
  EXPECT_EQ(runs.load(), 4u);
}

TEST(Team, moves_to_another_caller_between_rounds) {
  Team team(2);
  unsigned runs[2] = {};
  team.run([&](unsigned member) { ++runs[member]; });
  std::thread([&] { team.run([&](unsigned member) { ++runs[member]; }); }).join();
  EXPECT_EQ(runs[0], 2u);
  EXPECT_EQ(runs[1], 2u);
}

TEST(Team, signals_are_left_to_the_threads_of_the_application) {
  Team team(3);
  sigset_t blocked[3];
  team.run([&](unsigned member) { ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked[member]); });
  EXPECT_FALSE(::sigismember(&blocked[0], SIGINT));
  for (unsigned member = 1; member < team.size(); ++member) {
    EXPECT_TRUE(::sigismember(&blocked[member], SIGINT));
    EXPECT_FALSE(::sigismember(&blocked[member], SIGSEGV));
  }
}

TEST(TeamDeathTest, refuses_to_have_no_member) {
  EXPECT_DEATH(Team(0), "size >= 1 does not hold");
}

TEST(TeamDeathTest, refuses_to_run_nothing) {
  EXPECT_DEATH(Team(1).run(nullptr, nullptr), "work != nullptr does not hold");
}

}  // namespace
}  // namespace driftwood::os
