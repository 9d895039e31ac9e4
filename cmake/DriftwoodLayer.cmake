set(DRIFTWOOD_PRECOMPILED ${CMAKE_CURRENT_LIST_DIR}/precompiled.h)

# driftwood_layer(NAME [DEPENDS layer...] [LIBRARIES target...] [LEAVES_OUT regex])
# One folder of src/ as one static library: every *.cpp of the calling folder and its backends, but for the
# *_test.cpp files, which become the program <name>_test, a main.cpp, and paths that LEAVES_OUT matches.
function(driftwood_layer name)
  cmake_parse_arguments(layer "" "LEAVES_OUT" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp
                                             ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.h)
  if(layer_LEAVES_OUT)
    list(FILTER sources EXCLUDE REGEX ${layer_LEAVES_OUT})
  endif()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  add_library(driftwood_${name} STATIC ${sources})
  set_target_properties(driftwood_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(driftwood_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>)
  target_link_libraries(driftwood_${name} PUBLIC ${layer_LIBRARIES})
  foreach(dependency IN LISTS layer_DEPENDS)
    target_link_libraries(driftwood_${name} PUBLIC driftwood_${dependency})
  endforeach()

  if(name STREQUAL "core")
    target_compile_features(driftwood_core PUBLIC cxx_std_23)  # those who link it need it, too
    target_precompile_headers(driftwood_core PRIVATE ${DRIFTWOOD_PRECOMPILED})
  else()
    target_precompile_headers(driftwood_${name} REUSE_FROM driftwood_core)
  endif()
  if(NOT name STREQUAL "cli")
    set_property(GLOBAL APPEND PROPERTY DRIFTWOOD_LAYERS driftwood_${name})
  endif()

  if(DRIFTWOOD_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE driftwood_${name} GTest::gtest_main)
    driftwood_test_settings(${name}_test)
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60)
  endif()
endfunction()

# What a test may ask about its surroundings, and the program recorder of sdk/.
function(driftwood_test_settings target)
  if(target STREQUAL "core_test")
    target_precompile_headers(core_test PRIVATE ${DRIFTWOOD_PRECOMPILED} <gtest/gtest.h>)
  else()
    target_precompile_headers(${target} REUSE_FROM core_test)
  endif()
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/sdk)
  target_compile_definitions(${target} PRIVATE
    DRIFTWOOD_TEST_DATA="${DRIFTWOOD_TEST_DATA}" DRIFTWOOD_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    DRIFTWOOD_BINARY_DIR="${CMAKE_BINARY_DIR}")
  if(DRIFTWOOD_SANITIZE)
    target_compile_definitions(${target} PRIVATE DRIFTWOOD_SANITIZED)
  endif()
endfunction()
