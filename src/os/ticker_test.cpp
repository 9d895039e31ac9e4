#include "os/ticker.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <memory>
#include <vector>

#include "os/process.h"

namespace driftwood::os {
namespace {

constexpr std::uint64_t kMillisecondNs = 1'000'000;

// Waits, with a limit that only a broken ticker reaches.
template <typename Condition>
bool comes_true(Condition condition) {
  const std::uint64_t begin_ns = monotonic_ns();
  while (!condition()) {
    if (monotonic_ns() - begin_ns > 30'000 * kMillisecondNs) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class TickerTest : public testing::Test {
 protected:
  // Waits until no tick came for ten periods.
  bool falls_asleep() {
    return comes_true([this] {
      const unsigned before = ticks;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return ticks == before;
    });
  }

  std::atomic<unsigned> ticks = 0;
  Ticker ticker{2 * kMillisecondNs, [this] { ++ticks; }};
};

TEST_F(TickerTest, ticks_again_and_again_during_work) {
  const Ticker::Work work(ticker);
  EXPECT_TRUE(comes_true([this] { return ticks >= 3; }));
}

TEST_F(TickerTest, sleeps_without_work_and_wakes_for_it) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(falls_asleep());
    const unsigned before = ticks;
    const Ticker::Work work(ticker);
    EXPECT_TRUE(comes_true([&] { return ticks >= before + 2; }));
  }
}

TEST_F(TickerTest, short_work_one_after_another_is_seen) {
  EXPECT_TRUE(falls_asleep());
  const unsigned before = ticks;
  EXPECT_TRUE(comes_true([&] {
    for (int i = 0; i < 1000; ++i) const Ticker::Work work(ticker);
    return ticks >= before + 3;
  }));
}

TEST_F(TickerTest, ticks_until_the_last_work_ends) {
  auto first = std::make_unique<Ticker::Work>(ticker);
  const Ticker::Work second(ticker);
  first.reset();
  const unsigned before = ticks;
  EXPECT_TRUE(comes_true([&] { return ticks >= before + 3; }));
}

TEST_F(TickerTest, many_threads_work_at_once) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 10'000; ++i) const Ticker::Work work(ticker);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(falls_asleep());
}

TEST(Ticker, ends_at_once_though_its_period_is_long) {
  const std::uint64_t begin_ns = monotonic_ns();
  {
    Ticker ticker(3'600'000 * kMillisecondNs, [] {});
    const Ticker::Work work(ticker);
  }
  EXPECT_LT(monotonic_ns() - begin_ns, 60'000 * kMillisecondNs);
}

TEST(Ticker, takes_no_signal_from_the_application) {
  sigset_t blocked;
  ::sigemptyset(&blocked);
  std::atomic<bool> seen = false;
  Ticker ticker(kMillisecondNs, [&] {
    if (!seen) ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    seen = true;
  });
  const Ticker::Work work(ticker);
  ASSERT_TRUE(comes_true([&] { return seen.load(); }));
  EXPECT_TRUE(::sigismember(&blocked, SIGINT));
  EXPECT_TRUE(::sigismember(&blocked, SIGTERM));
  EXPECT_FALSE(::sigismember(&blocked, SIGSEGV));
}

}  // namespace
}  // namespace driftwood::os
