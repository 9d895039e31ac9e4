# The GPU kernels in src/device/kernels, compiled by slangc to SPIR-V, Metal's and CUDA's language and kept
# in the library driftwood_kernel_sources. Without slangc or Vulkan's headers the GPU backends are left out.
set(DRIFTWOOD_SLANG_DIR ${CMAKE_SOURCE_DIR}/build/slang CACHE PATH "Where tools/fetch_slang has put slangc")
find_program(DRIFTWOOD_SLANGC slangc HINTS ${DRIFTWOOD_SLANG_DIR}/slangtorch/bin)
find_path(VULKAN_INCLUDE_DIR vulkan/vulkan.h)

set(DRIFTWOOD_VULKAN OFF)
if(DRIFTWOOD_GPU AND DRIFTWOOD_SLANGC AND VULKAN_INCLUDE_DIR)
  set(DRIFTWOOD_VULKAN ON)
elseif(DRIFTWOOD_GPU)
  message(WARNING "slangc or Vulkan's headers are missing, so no GPU backend is built; tools/setup installs both.")
endif()

set(DRIFTWOOD_SLANG_FLAGS_spirv -profile spirv_1_5 -fvk-use-entrypoint-name)

# driftwood_kernel_sources(FOLDER): every .slang file there that has entry points.
function(driftwood_kernel_sources folder)
  file(GLOB all CONFIGURE_DEPENDS ${folder}/*.slang)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/kernels)
  file(MAKE_DIRECTORY ${made})
  set(modules "")
  set(shared "")
  foreach(source IN LISTS all)
    file(STRINGS ${source} entries REGEX "shader\\(\"compute\"\\)")
    if(entries)
      list(APPEND modules ${source})
    else()
      list(APPEND shared ${source})  # included by others
    endif()
  endforeach()

  set(incbins "")
  set(declarations "")
  set(table "")
  set(outputs "")
  foreach(source IN LISTS modules)
    cmake_path(GET source STEM stem)
    set(row "")
    foreach(target spirv metal cuda)
      set(output ${made}/${stem}.${target})
      add_custom_command(
        OUTPUT ${output}
        # -O0: the wheel's slangc has no optimiser for SPIR-V, and drivers have one. -fp-mode precise: no
        # contraction. 41012 tells that a capability was added.
        COMMAND ${DRIFTWOOD_SLANGC} ${source} -I ${folder} -target ${target} ${DRIFTWOOD_SLANG_FLAGS_${target}}
                -fp-mode precise -O0 -line-directive-mode none -warnings-disable 41012 -o ${output}
        DEPENDS ${source} ${shared}
        COMMENT "Compiling GPU kernel ${stem} to ${target}"
        VERBATIM)
      list(APPEND outputs ${output})
      set(symbol driftwood_kernel_${stem}_${target})
      string(APPEND incbins "        .globl SYMBOL(${symbol}_begin)\n        .globl SYMBOL(${symbol}_end)\n"
        "        .balign 16\nSYMBOL(${symbol}_begin):\n        .incbin \"${output}\"\n"
        "SYMBOL(${symbol}_end):\n        .byte 0\n")
      string(APPEND declarations "extern const std::byte ${symbol}_begin[], ${symbol}_end[];\n")
      string(APPEND row ", {${symbol}_begin, ${symbol}_end}")
    endforeach()
    string(APPEND table "    {\"${stem}\"${row}},\n")
  endforeach()
  configure_file(${CMAKE_SOURCE_DIR}/cmake/kernel_sources.S.in ${made}/kernel_sources.S @ONLY)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/kernel_sources.cpp.in ${made}/kernel_sources.cpp @ONLY)
  set_source_files_properties(${made}/kernel_sources.S PROPERTIES OBJECT_DEPENDS "${outputs}")
  target_sources(driftwood_device PRIVATE ${made}/kernel_sources.S ${made}/kernel_sources.cpp)
  set_source_files_properties(${made}/kernel_sources.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
