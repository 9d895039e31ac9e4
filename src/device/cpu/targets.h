// What Highway compiles the kernels for: AVX2, AVX-512, NEON and a portable target, which is always
// there. SSE targets are left out because their MulAdd rounds twice; SVE because its vectors have
// no fixed size. Include before anything of Highway's.
#pragma once

#define HWY_COMPILE_ALL_ATTAINABLE
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)

// The table of one function of HWY_NAMESPACE on all targets, as a PerIsa.
#define CPU_PER_ISA(function)                                                           \
  {HWY_CHOOSE_FALLBACK(function), HWY_CHOOSE_NEON(function), HWY_CHOOSE_AVX2(function), \
   HWY_CHOOSE_AVX3(function)}
