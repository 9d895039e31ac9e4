# Flags that every C++ target of the project is built with.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(DRIFTWOOD_CCACHE ccache)
if(DRIFTWOOD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache keeps what was compiled with a precompiled header only if it is told to.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${DRIFTWOOD_CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
endif()

# Contraction would let the compiler fuse where docs/numerics.md says two roundings.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off> -Wall -Wextra -Werror=return-type)
add_compile_options(-Wno-missing-field-initializers)  # options are named where they differ from their defaults
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-math-errno>)

if(DRIFTWOOD_SANITIZE)
  add_compile_options(-fsanitize=${DRIFTWOOD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DRIFTWOOD_SANITIZE})
  if(DRIFTWOOD_SANITIZE MATCHES thread)
    add_compile_definitions(DRIFTWOOD_THREAD_SANITIZED)
  endif()
endif()
