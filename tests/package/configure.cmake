# What configuring says about CUDA: cmake -D STEP=... -D NVCC=... ... -P configure.cmake (see package_tests.cmake).
cmake_minimum_required(VERSION 3.25)

set(build ${WORK}/${STEP})
file(REMOVE_RECURSE ${build})

# configure(CODE OPTION...): configures, fails unless the exit code is 0 (CODE = works) or another (CODE = fails); sets
# `output` to what it said in one line.
function(configure expected)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${build} -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER}
            -D CULOGME_BUILD_TESTS=OFF -D CULOGME_BUILD_EXAMPLES=OFF ${ARGN}
    RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if((expected STREQUAL "works" AND NOT code EQUAL 0) OR (expected STREQUAL "fails" AND code EQUAL 0))
    message(FATAL_ERROR "configuring gave ${code}, which is not what is expected (${expected}):\n${said}")
  endif()
  # CMake breaks its messages at spaces.
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  set(output "${said}" PARENT_SCOPE)
endfunction()

function(expect text)
  string(FIND "${output}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "'${text}' is not said:\n${output}")
  endif()
endfunction()

function(expect_not text)
  string(FIND "${output}" "${text}" at)
  if(NOT at EQUAL -1)
    message(FATAL_ERROR "'${text}' is said:\n${output}")
  endif()
endfunction()

# Defined and false: nothing is looked for on the PATH.
set(no_compiler -D CMAKE_CUDA_COMPILER=NOTFOUND)
set(no_cusolver -D CMAKE_CUDA_COMPILER=${NVCC} -D CUDA_cusolver_LIBRARY=)

if(STEP STREQUAL "bad_value")
  configure(fails -D CULOGME_CUDA=maybe)
  expect("CULOGME_CUDA is 'maybe'; AUTO, ON or OFF is expected")
elseif(STEP STREQUAL "on_without_compiler")
  configure(fails -D CULOGME_CUDA=ON ${no_compiler})
  expect("CULOGME_CUDA is ON but there is no CUDA compiler: put nvcc on the PATH or set CMAKE_CUDA_COMPILER")
elseif(STEP STREQUAL "auto_without_compiler")
  configure(works -D CULOGME_CUDA=AUTO ${no_compiler})
  expect("No CUDA compiler: building the CPU backend alone")
elseif(STEP STREQUAL "default_architectures")
  configure(works -D CULOGME_CUDA=ON -D CMAKE_CUDA_COMPILER=${NVCC})
  expect_not("native")
  # With PTX for 8.0 and for the newest one.
  if(NOT output MATCHES "architectures [0-9;real-]*;?80;[0-9;real-]*;[0-9]+ ")
    message(FATAL_ERROR "not the list of architectures that is expected:\n${output}")
  endif()
elseif(STEP STREQUAL "unknown_architecture")
  # A later compiler, which no longer knows the oldest architecture.
  set(later ${build}/later/nvcc)
  file(WRITE ${later} "#!/bin/sh\n"
    "case $1 in --list-gpu-arch) '${NVCC}' \"$@\" | grep -v compute_75 ;; *) exec '${NVCC}' \"$@\" ;; esac\n")
  file(CHMOD ${later} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  configure(works -D CULOGME_CUDA=ON -D CMAKE_CUDA_COMPILER=${later})
  expect("does not know the architectures 75: left out")
  expect_not("75-real")
elseif(STEP STREQUAL "auto_without_cusolver")
  configure(works -D CULOGME_CUDA=AUTO ${no_cusolver})
  expect("has no cusolver: building the CPU backend alone")
elseif(STEP STREQUAL "on_without_cusolver")
  configure(fails -D CULOGME_CUDA=ON ${no_cusolver})
  expect("CULOGME_CUDA is ON but the CUDA toolkit")
  expect("has no cusolver")
else()
  message(FATAL_ERROR "unknown step '${STEP}'")
endif()
