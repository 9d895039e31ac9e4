// For threads that this library starts: a signal that is meant for the process, such as Ctrl-C, is
// to reach a thread of the application, whose handler may use what is its own.
#pragma once

#include <signal.h>

namespace driftwood::os {

// While it lives, a thread that is started begins with all signals blocked, except those that its
// own instructions raise: the system would end the process for one of these that is blocked,
// without asking the application's handler.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t blocked;
    ::sigfillset(&blocked);
    for (const int raised : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
      ::sigdelset(&blocked, raised);
    }
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace driftwood::os
