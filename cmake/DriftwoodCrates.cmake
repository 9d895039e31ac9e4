# The Rust static library in crates/, built by Cargo once for all presets, and the target that links it.
find_program(DRIFTWOOD_CARGO cargo REQUIRED)

set(crates_target_dir ${CMAKE_SOURCE_DIR}/build/crates)
set(crates_include ${crates_target_dir}/include)
set(crates_library ${crates_target_dir}/release/libdriftwood_crates.a)
file(GLOB crates_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/crates/src/*.rs)
file(MAKE_DIRECTORY ${crates_include})

add_custom_command(
  OUTPUT ${crates_library}
  COMMAND ${CMAKE_COMMAND} -E env DRIFTWOOD_CRATES_INCLUDE=${crates_include}
          ${DRIFTWOOD_CARGO} build --release --locked --quiet --target-dir ${crates_target_dir}
  COMMAND ${CMAKE_COMMAND} -E touch ${crates_library}
  DEPENDS ${crates_sources} ${CMAKE_SOURCE_DIR}/crates/Cargo.toml ${CMAKE_SOURCE_DIR}/crates/Cargo.lock
          ${CMAKE_SOURCE_DIR}/crates/build.rs
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/crates
  COMMENT "Building the Rust library (several minutes the first time)"
  USES_TERMINAL VERBATIM)
add_custom_target(driftwood_crates_build DEPENDS ${crates_library})

add_library(driftwood_crates STATIC IMPORTED GLOBAL)
set_target_properties(driftwood_crates PROPERTIES
  IMPORTED_LOCATION ${crates_library}
  INTERFACE_INCLUDE_DIRECTORIES "${crates_include};${CMAKE_SOURCE_DIR}/crates/include"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${crates_include})
target_link_libraries(driftwood_crates INTERFACE ${CMAKE_DL_LIBS} m)
add_dependencies(driftwood_crates driftwood_crates_build)
