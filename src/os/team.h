// A fixed set of threads that work on one thing together: the caller hands over a function, every
// member (the caller is member 0) runs it once, and run() returns when all are done. Between calls
// the members spin for a little, then sleep, so that a stream of short calls costs no wake-up and
// an idle team no processor.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace driftwood::os {

class Team {
 public:
  // `size` members, the caller of run() included; at least 1. Where the system refuses a thread,
  // the team is smaller: size() tells, and the log has a warning. Its threads take no signals.
  explicit Team(unsigned size);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  unsigned size() const { return size_; }

  // Calls work(context, member) once for each member in [0, size()), on as many threads, and waits.
  // Threads: one caller at a time. `work` does not throw and does not call run().
  void run(void (*work)(void* context, unsigned member), void* context);

  // run() with anything that can be called with the member's number.
  template <typename Work>
  void run(Work&& work) {
    using Callable = std::remove_reference_t<Work>;
    run([](void* context, unsigned member) { (*static_cast<Callable*>(context))(member); },
        const_cast<void*>(static_cast<const void*>(&work)));  // cast back to Callable, const or not
  }

 private:
  struct Shared;
  unsigned size_;
  std::unique_ptr<Shared> shared_;
};

}  // namespace driftwood::os
