# driftwood_guest(NAME SOURCES file...): builds <name>.wasm from C++ against sdk/ with clang's WebAssembly
# target, and the library driftwood_guest_<name>, which carries its bytes: embedded/<name>.h declares
# driftwood::embedded::<name>().
find_program(DRIFTWOOD_WASM_CXX NAMES clang++-19 clang++ REQUIRED)

set(DRIFTWOOD_GUEST_COMPILE_FLAGS
  --target=wasm32-wasi -msimd128 -std=c++23 -O2 -fno-exceptions -fno-rtti -ffp-contract=off
  -ffunction-sections -fdata-sections -Wall -Wextra)
# The stack lies below all data, so that running out of it traps instead of writing over something.
set(DRIFTWOOD_GUEST_LINK_FLAGS
  --target=wasm32-wasi -mexec-model=reactor -Wl,--strip-all -Wl,--gc-sections -Wl,--stack-first
  -Wl,-z,stack-size=131072)

# Guests see the JSON header and nothing else of the host's include folders.
set(DRIFTWOOD_GUEST_INCLUDE ${CMAKE_BINARY_DIR}/guest_include)
find_path(DRIFTWOOD_JSON_INCLUDE nlohmann/json.hpp REQUIRED)
file(MAKE_DIRECTORY ${DRIFTWOOD_GUEST_INCLUDE})
file(CREATE_LINK ${DRIFTWOOD_JSON_INCLUDE}/nlohmann ${DRIFTWOOD_GUEST_INCLUDE}/nlohmann SYMBOLIC)

function(driftwood_guest name)
  cmake_parse_arguments(guest "" "" "SOURCES" ${ARGN})
  set(wasm ${CMAKE_CURRENT_BINARY_DIR}/${name}.wasm)
  set(objects "")
  foreach(source IN LISTS guest_SOURCES)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.objects/${source}.o)
    cmake_path(GET object PARENT_PATH object_folder)
    file(MAKE_DIRECTORY ${object_folder})
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${DRIFTWOOD_WASM_CXX} ${DRIFTWOOD_GUEST_COMPILE_FLAGS}
              -I${CMAKE_SOURCE_DIR}/sdk -I${CMAKE_SOURCE_DIR}/guests -isystem ${DRIFTWOOD_GUEST_INCLUDE}
              -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${source}
      DEPFILE ${object}.d
      COMMENT "Compiling guest ${source}"
      VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  add_custom_command(
    OUTPUT ${wasm}
    COMMAND ${DRIFTWOOD_WASM_CXX} ${DRIFTWOOD_GUEST_LINK_FLAGS} ${objects} -o ${wasm}
    DEPENDS ${objects}
    COMMENT "Linking guest ${name}.wasm"
    VERBATIM)

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded.h.in ${folder}/embedded/${name}.h @ONLY)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded.S.in ${folder}/${name}.S @ONLY)
  set_source_files_properties(${folder}/${name}.S PROPERTIES OBJECT_DEPENDS ${wasm})
  add_library(driftwood_guest_${name} STATIC ${folder}/${name}.S)
  set_target_properties(driftwood_guest_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(driftwood_guest_${name} INTERFACE $<BUILD_INTERFACE:${folder}>)
endfunction()

# driftwood_native_guest(NAME SOURCES file...): the same sources as a part of a program, for debuggers,
# sanitizers and comparison: the library driftwood_native_<name>, whose exports Runtime::spawn_native takes,
# and the program <name>_native, which gives it one message.
function(driftwood_native_guest name)
  cmake_parse_arguments(guest "" "" "SOURCES" ${ARGN})
  add_library(driftwood_native_${name} STATIC ${guest_SOURCES})
  target_include_directories(driftwood_native_${name} PRIVATE ${CMAKE_SOURCE_DIR}/sdk ${CMAKE_SOURCE_DIR}/guests)
  target_include_directories(driftwood_native_${name} SYSTEM PRIVATE ${DRIFTWOOD_GUEST_INCLUDE})
  target_link_libraries(driftwood_native_${name} PUBLIC driftwood_runtime)
  add_executable(${name}_native ${CMAKE_SOURCE_DIR}/sdk/native_main.cpp)
  target_include_directories(${name}_native PRIVATE ${CMAKE_SOURCE_DIR}/sdk)
  target_link_libraries(${name}_native PRIVATE driftwood_native_${name})
endfunction()
