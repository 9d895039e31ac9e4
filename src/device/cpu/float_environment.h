// The floating-point environment that kernels compute in: rounding to nearest, subnormal numbers
// kept, no traps. A host program may have set another one for its threads, which would change bits.
#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#else
#include <cfenv>
#endif

namespace driftwood::device::cpu {

// This thread has the default environment while an object of this class lives, and then the one
// that it had before.
class DefaultFloatEnvironment {
 public:
#if defined(__x86_64__)
  // <cfenv> sees to the x87 unit as well, which nothing here uses, and takes a hundred times as
  // long.
  DefaultFloatEnvironment() : before_(_mm_getcsr()) { set(); }
  ~DefaultFloatEnvironment() { _mm_setcsr(before_); }
  static void set() { _mm_setcsr(_MM_MASK_MASK); }
#else
  DefaultFloatEnvironment() {
    std::fegetenv(&before_);
    set();
  }
  ~DefaultFloatEnvironment() { std::fesetenv(&before_); }
  static void set() { std::fesetenv(FE_DFL_ENV); }
#endif
  DefaultFloatEnvironment(const DefaultFloatEnvironment&) = delete;
  DefaultFloatEnvironment& operator=(const DefaultFloatEnvironment&) = delete;

 private:
#if defined(__x86_64__)
  unsigned before_;
#else
  std::fenv_t before_;
#endif
};

}  // namespace driftwood::device::cpu
