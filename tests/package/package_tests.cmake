# The library as a stranger uses it: installed and found by CMake or pkg-config, or as a subdirectory; static and shared.
set(package_work ${PROJECT_BINARY_DIR}/package)
set(package_arguments
  -D SOURCE=${PROJECT_SOURCE_DIR} -D BINARY=${PROJECT_BINARY_DIR} -D WORK=${package_work}
  -D GENERATOR=${CMAKE_GENERATOR} -D BUILD_TYPE=${CMAKE_BUILD_TYPE} -D COMPILER=${CMAKE_CXX_COMPILER}
  # A sanitized static library needs the same flags in whatever links it.
  -D FLAGS=${CMAKE_CXX_FLAGS} -D WERROR=${CULOGME_WERROR} -D BUILT_SHARED=$<BOOL:${BUILD_SHARED_LIBS}>
  -D HAS_CUDA=${CULOGME_HAS_CUDA} "-D ARCHITECTURES=${CMAKE_CUDA_ARCHITECTURES}")

function(culogme_package_test name)
  add_test(NAME package.${name}
    COMMAND ${CMAKE_COMMAND} ${package_arguments} ${ARGN} -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/run.cmake)
  set_tests_properties(package.${name} PROPERTIES LABELS package TIMEOUT 1200)
endfunction()

foreach(kind static shared)
  culogme_package_test(install_${kind} -D STEP=install -D KIND=${kind})
  culogme_package_test(find_package_${kind} -D STEP=find_package -D KIND=${kind})
  culogme_package_test(pkg_config_${kind} -D STEP=pkg_config -D KIND=${kind})
  culogme_package_test(add_subdirectory_${kind} -D STEP=add_subdirectory -D KIND=${kind})
  set_tests_properties(package.install_${kind} PROPERTIES FIXTURES_SETUP package_${kind} COST 1000)
  set_tests_properties(package.find_package_${kind} package.pkg_config_${kind} PROPERTIES
    FIXTURES_REQUIRED package_${kind})
endforeach()

if(CULOGME_HAS_CUDA)
  foreach(kind static shared)
    culogme_package_test(cuda_example_${kind} -D STEP=cuda_example -D KIND=${kind} -D NVCC=${CMAKE_CUDA_COMPILER})
    set_tests_properties(package.cuda_example_${kind} PROPERTIES FIXTURES_REQUIRED package_${kind})
  endforeach()
endif()

# What configuring says about CUDA: without a compiler, with an odd toolkit, with a value that means nothing.
set(configure_steps bad_value on_without_compiler auto_without_compiler)
if(CULOGME_HAS_CUDA)
  list(APPEND configure_steps default_architectures unknown_architecture auto_without_cusolver on_without_cusolver)
endif()
foreach(step IN LISTS configure_steps)
  add_test(NAME configure.${step}
    COMMAND ${CMAKE_COMMAND} -D STEP=${step} -D SOURCE=${PROJECT_SOURCE_DIR} -D WORK=${package_work}/configure
            -D GENERATOR=${CMAKE_GENERATOR} -D COMPILER=${CMAKE_CXX_COMPILER} -D NVCC=${CMAKE_CUDA_COMPILER}
            -P ${CMAKE_CURRENT_LIST_DIR}/configure.cmake)
  set_tests_properties(configure.${step} PROPERTIES LABELS package TIMEOUT 300)
endforeach()
