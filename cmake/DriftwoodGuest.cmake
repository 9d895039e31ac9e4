# driftwood_guest(NAME SOURCES file...): builds <name>.wasm from C++ against sdk/ with clang's WebAssembly
# target, and the library driftwood_guest_<name>, which carries its bytes as embedded_<name>_begin/_end.
find_program(DRIFTWOOD_WASM_CXX NAMES clang++-19 clang++ REQUIRED)

set(DRIFTWOOD_GUEST_FLAGS
  --target=wasm32-wasi -mexec-model=reactor -msimd128 -std=c++20 -O2 -fno-exceptions -fno-rtti
  -ffp-contract=off -Wall -Wextra -Wl,--strip-all -Wl,-z,stack-size=131072)
