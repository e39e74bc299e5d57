# Registers, shared memory and spills of every kernel: cmake -D NVCC=... -D PTXAS=... -D SOURCE=... -D BINARY=...
# -P ptxas_report.cmake writes BINARY/ptxas.txt and fails if any kernel spills registers on any of the architectures.
# The intermediate code is made once and assembled for each architecture, as the driver does.
cmake_minimum_required(VERSION 3.25)

set(architectures 80 90 100)
set(work ${BINARY}/ptxas)
set(report "")
set(spilling "")
file(MAKE_DIRECTORY ${work})
file(GLOB sources ${SOURCE}/kernels/*.cu)
foreach(source IN LISTS sources)
  get_filename_component(name ${source} NAME_WE)
  execute_process(
    COMMAND ${NVCC} -std=c++20 -O3 -ptx -arch=compute_80 -I ${SOURCE}/include -I ${BINARY}/include -I ${SOURCE}
            -I ${SOURCE}/src ${source} -o ${work}/${name}.ptx
    RESULT_VARIABLE code ERROR_VARIABLE said)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${source} does not compile:\n${said}")
  endif()
  foreach(architecture IN LISTS architectures)
    execute_process(COMMAND ${PTXAS} -v -arch=sm_${architecture} ${work}/${name}.ptx -o ${work}/${name}.cubin
      RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(NOT code EQUAL 0)
      message(FATAL_ERROR "${source} cannot be assembled for sm_${architecture}:\n${said}")
    endif()
    # The time is another one in every report.
    string(REGEX REPLACE "ptxas info *: Compile time[^\n]*\n" "" said "${said}")
    string(APPEND report "== ${name}.cu, sm_${architecture}\n${said}\n")
    if(said MATCHES "[1-9][0-9]* bytes spill (stores|loads)")
      string(APPEND spilling " ${name}.cu (sm_${architecture})")
    endif()
  endforeach()
endforeach()
file(REMOVE_RECURSE ${work})
file(WRITE ${BINARY}/ptxas.txt "${report}")
if(spilling)
  message(FATAL_ERROR "registers are spilled in${spilling}; see ${BINARY}/ptxas.txt")
endif()
