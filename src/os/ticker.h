// A thread that calls a function again and again while there is work to watch, and sleeps
// otherwise.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace driftwood::os {

class Ticker {
 public:
  // `tick` is called on the ticker's thread, every `period_ns` while any Work lives and at least
  // once after; it does not throw. Where the system refuses a thread, nothing ticks and the log has
  // a warning.
  Ticker(std::uint64_t period_ns, std::function<void()> tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Work to be watched. It costs two atomic additions; a ticker that sleeps is woken, at most once
  // a period. Threads: free.
  class Work {
   public:
    explicit Work(Ticker& ticker) : ticker_(ticker) {
      ticker_.at_work_.fetch_add(1);
      if (ticker_.asleep_.load()) ticker_.wake();
    }
    ~Work() { ticker_.at_work_.fetch_sub(1, std::memory_order_relaxed); }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

   private:
    Ticker& ticker_;
  };

 private:
  void serve();
  void wake();

  std::uint64_t period_ns_;
  std::function<void()> tick_;
  std::atomic<std::uint32_t> at_work_ = 0;
  // Set before at_work_ is read for the last time, so that a Work either is seen or sees this.
  std::atomic<bool> asleep_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace driftwood::os
