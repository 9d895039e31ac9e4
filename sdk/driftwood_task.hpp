// Coroutines for guests. A guest must return from its export whenever it wants the device or a
// message; with these it is written as straight-line code:
//
//   Task<Result<void>> run_guest() {
//     while (auto message = co_await next_message()) {
//       if (auto done = co_await graph.run(rows); !done) co_return std::unexpected(done.error());
//     }
//     co_return Result<void>();
//   }
//   DW_GUEST(run_guest)
//
// A suspended coroutine is a frame on the heap, ordinary bytes of linear memory, so it is saved and
// restored with the rest of the guest. There is one chain of coroutines in a guest; each waits for
// the one it called.
#pragma once

#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "driftwood.h"
#include "driftwood_result.hpp"

namespace driftwood::sdk {

// What the guest waits for, and the coroutine that goes on when it comes. Resuming happens in one
// loop here and never from within another coroutine, so that the stack does not grow with the
// calls.
class Waiting {
 public:
  static Waiting& instance() {
    static Waiting waiting;
    return waiting;
  }

  // The coroutine goes on within this call of the export.
  void go_on(std::coroutine_handle<> coroutine) { ready_ = coroutine; }

  // The export returns `next`; the coroutine goes on when the event for it comes.
  void wait(std::coroutine_handle<> coroutine, dw_next next) {
    waiting_ = coroutine;
    next_ = next;
  }

  // Runs until the guest waits; returns what the export returns.
  std::int32_t run() {
    next_ = DW_NEXT_FINISHED;
    while (ready_) std::exchange(ready_, {}).resume();
    return next_;
  }

  std::int32_t take_event(std::int32_t event, std::int32_t status) {
    if (event == DW_EVENT_CANCEL) end_code_ = DW_E_CANCELLED;
    if (event == DW_EVENT_DEADLINE) end_code_ = DW_E_TIMEOUT;
    if (event == DW_EVENT_SHUTDOWN) shut_down_ = true;
    if (event == DW_EVENT_MESSAGE) end_code_ = 0;
    const bool ends_work = status == DW_E_CANCELLED || status == DW_E_TIMEOUT;
    if (event == DW_EVENT_RUN_DONE && ends_work) end_code_ = status;
    status_ = status;
    const bool ends_wait = next_ == DW_NEXT_IDLE  ? event == DW_EVENT_MESSAGE || shut_down_
                           : next_ == DW_NEXT_RUN ? event == DW_EVENT_RUN_DONE || shut_down_
                                                  : true;
    if (!ends_wait) return next_;
    ready_ = std::exchange(waiting_, {});
    return run();
  }

  // Why the work on the present message is to end: DW_E_CANCELLED or DW_E_TIMEOUT; 0 if it is not.
  std::int32_t end_code() const { return shut_down_ ? DW_E_CANCELLED : end_code_; }
  bool shut_down() const { return shut_down_; }
  std::int32_t status() const { return shut_down_ ? DW_E_CANCELLED : status_; }

 private:
  std::coroutine_handle<> ready_, waiting_;
  std::int32_t next_ = DW_NEXT_FINISHED;
  std::int32_t status_ = 0;
  std::int32_t end_code_ = 0;
  bool shut_down_ = false;
};

// A coroutine with a result of type T. It begins when it is awaited, and goes with its Task.
template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> caller;

    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() { return {}; }
    auto final_suspend() noexcept {
      struct Return {
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<promise_type> self) noexcept {
          if (self.promise().caller) Waiting::instance().go_on(self.promise().caller);
        }
        void await_resume() noexcept {}
      };
      return Return();
    }
    template <typename U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
    void unhandled_exception() { std::abort(); }
  };

  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    coroutine_.promise().caller = caller;
    Waiting::instance().go_on(coroutine_);
  }
  T await_resume() { return std::move(*coroutine_.promise().value); }

  // For the outermost coroutine, which nobody awaits.
  void start() { Waiting::instance().go_on(coroutine_); }
  bool done() const { return coroutine_.done(); }
  const T& result() const { return *coroutine_.promise().value; }

 private:
  explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_;
};

// co_await next_message(): the next message, or nothing when the guest is to end.
class NextMessage {
 public:
  bool await_ready() const { return Waiting::instance().shut_down(); }
  void await_suspend(std::coroutine_handle<> caller) {
    Waiting::instance().wait(caller, DW_NEXT_IDLE);
  }
  std::optional<std::string> await_resume() {
    if (Waiting::instance().shut_down()) return std::nullopt;
    std::string message;
    read_text(message, dw_message_read);
    return message;
  }
};

inline NextMessage next_message() {
  return {};
}

// co_await next_message_size(): the size in bytes of the next message, or nothing when the guest is
// to end. read_message() then puts it where the guest wants it, such as shared memory.
class NextMessageSize {
 public:
  bool await_ready() const { return Waiting::instance().shut_down(); }
  void await_suspend(std::coroutine_handle<> caller) {
    Waiting::instance().wait(caller, DW_NEXT_IDLE);
  }
  std::optional<std::uint32_t> await_resume() {
    if (Waiting::instance().shut_down()) return std::nullopt;
    return static_cast<std::uint32_t>(dw_message_read(nullptr, 0));
  }
};

inline NextMessageSize next_message_size() {
  return {};
}

// The first bytes of the present message, as many as `out` holds.
inline void read_message(std::span<std::uint8_t> out) {
  dw_message_read(out.data(), static_cast<std::uint32_t>(out.size()));
}

// co_await yield(): gives other actors a turn, and the output away.
class Yield {
 public:
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    Waiting::instance().wait(caller, DW_NEXT_CONTINUE);
  }
  void await_resume() {}
};

inline Yield yield() {
  return {};
}

// co_await of a run that was asked for: how it ended.
class Run {
 public:
  explicit Run(std::int32_t started) : started_(started) {}

  bool await_ready() const { return started_ < 0; }
  void await_suspend(std::coroutine_handle<> caller) {
    Waiting::instance().wait(caller, DW_NEXT_RUN);
  }
  Result<void> await_resume() {
    return succeeded(started_ < 0 ? started_ : Waiting::instance().status());
  }

 private:
  std::int32_t started_;
};

// Whether the work on the present message may go on. Errors: DW_E_CANCELLED when its owner wants
// it to end, DW_E_TIMEOUT when its time is over.
inline Result<void> may_go_on() {
  const std::int32_t code = Waiting::instance().end_code();
  if (code == 0) return {};
  return fail(code, code == DW_E_TIMEOUT ? "The time for the message is over."
                                         : "The work on the message is cancelled.");
}

// The guest's outermost coroutine. An error that it ends with is logged and ends the actor.
class Guest {
 public:
  explicit Guest(Task<Result<void>> main) : main_(std::move(main)) {}

  // A second start is for native builds, where globals outlive the guest: it is refused.
  std::int32_t start() {
    if (std::exchange(started_, true)) return DW_E_INVALID;
    main_.start();
    return finish(Waiting::instance().run());
  }
  std::int32_t resume(std::int32_t event, std::int32_t status) {
    if (main_.done()) return DW_E_INVALID;
    return finish(Waiting::instance().take_event(event, status));
  }

 private:
  std::int32_t finish(std::int32_t next) {
    if (!main_.done()) return next;
    if (main_.result()) return DW_NEXT_FINISHED;
    log(DW_LOG_ERROR, main_.result().error().message);
    return main_.result().error().code;
  }

  Task<Result<void>> main_;
  bool started_ = false;
};

}  // namespace driftwood::sdk

// Defines the guest's exports from a function that returns Task<Result<void>>.
#define DW_GUEST(main_function)                                        \
  static driftwood::sdk::Guest& dw_guest() {                           \
    static auto* guest = new driftwood::sdk::Guest(main_function());   \
    return *guest;                                                     \
  }                                                                    \
  extern "C" int32_t driftwood_start(void) {                           \
    return dw_guest().start();                                         \
  }                                                                    \
  extern "C" int32_t driftwood_resume(int32_t event, int32_t status) { \
    return dw_guest().resume(event, status);                           \
  }
