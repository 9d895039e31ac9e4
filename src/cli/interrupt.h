// Ctrl-C, or SIGTERM: the first one asks the actor at work to end, or its owner to stop after the
// present step; a second one, or one while no actor works, ends the process at once with exit code
// 130.
#pragma once

#include <driftwood/actor.h>

namespace driftwood::cli {

void install_interrupt_handler();

// While it lives, Ctrl-C cancels this actor first.
class CancelOnInterrupt {
 public:
  explicit CancelOnInterrupt(Actor& actor);
  ~CancelOnInterrupt();
  CancelOnInterrupt(const CancelOnInterrupt&) = delete;
  CancelOnInterrupt& operator=(const CancelOnInterrupt&) = delete;
};

// While it lives, Ctrl-C only makes interrupted() true first.
class PauseOnInterrupt {
 public:
  PauseOnInterrupt();
  ~PauseOnInterrupt();
  PauseOnInterrupt(const PauseOnInterrupt&) = delete;
  PauseOnInterrupt& operator=(const PauseOnInterrupt&) = delete;
};

// Whether Ctrl-C was pressed.
bool interrupted();

}  // namespace driftwood::cli
