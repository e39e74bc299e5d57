# Installs the library, its headers, the CMake package and the pkg-config file. The command installs itself.

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/culogme)

install(TARGETS culogme EXPORT culogme-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set(left_out)
if(NOT CULOGME_HAS_CUDA)
  set(left_out PATTERN "cuda.hpp" EXCLUDE)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/culogme DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp" ${left_out})
install(FILES ${PROJECT_BINARY_DIR}/include/culogme/version.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/culogme)
install(EXPORT culogme-targets NAMESPACE culogme:: DESTINATION ${package_directory})

# A shared library holds its dependencies; a static one hands them to whoever links it.
set(CULOGME_STATIC ON)
if(BUILD_SHARED_LIBS)
  set(CULOGME_STATIC OFF)
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/culogme-config.cmake.in
  ${PROJECT_BINARY_DIR}/culogme-config.cmake INSTALL_DESTINATION ${package_directory})
# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/culogme-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/culogme-config.cmake ${PROJECT_BINARY_DIR}/culogme-config-version.cmake
  DESTINATION ${package_directory})

# -lNAME for what the linker finds by itself, so that the pkg-config file holds no path of the machine that built it.
function(culogme_link_flags result)
  set(flags)
  foreach(library IN LISTS ARGN)
    get_filename_component(directory "${library}" DIRECTORY)
    get_filename_component(name "${library}" NAME)
    if(directory IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES AND name MATCHES "^lib(.+)\\.(so|a)$")
      list(APPEND flags "-l${CMAKE_MATCH_1}")
    elseif(library MATCHES "^[A-Za-z0-9_]+$")
      list(APPEND flags "-l${library}")
    else()
      list(APPEND flags "${library}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES flags)
  list(JOIN flags " " flags)
  set(${result} "${flags}" PARENT_SCOPE)
endfunction()

# Found before, by src; what that found is not visible here.
find_package(Threads REQUIRED)
find_package(BLAS REQUIRED QUIET)
find_package(LAPACK REQUIRED QUIET)
find_package(ZLIB REQUIRED QUIET)
set(zlib_library ${ZLIB_LIBRARY_RELEASE})
if(NOT zlib_library)
  set(zlib_library ${ZLIB_LIBRARIES})
endif()
culogme_link_flags(CULOGME_DEPENDENCIES
  ${LAPACK_LIBRARIES} ${BLAS_LIBRARIES} ${zlib_library} ${CMAKE_THREAD_LIBS_INIT} ${CMAKE_DL_LIBS})
# The toolkit is no place where a linker looks by itself, so its folder is named, by the path of the machine that built.
if(CULOGME_HAS_CUDA)
  string(APPEND CULOGME_DEPENDENCIES " -L${CUDAToolkit_LIBRARY_DIR} -lcusolver -lcublas -lcudart")
endif()
# With a static library alone, plain `pkg-config --libs` has to name everything.
set(CULOGME_PUBLIC_LIBRARIES "-lculogme")
set(CULOGME_PRIVATE_LIBRARIES "${CULOGME_DEPENDENCIES}")
if(CULOGME_STATIC)
  set(CULOGME_PUBLIC_LIBRARIES "-lculogme ${CULOGME_DEPENDENCIES}")
endif()
file(RELATIVE_PATH CULOGME_PREFIX_FROM_PC
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/culogme.pc.in ${PROJECT_BINARY_DIR}/culogme.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/culogme.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The CUDA libraries are found where the build found them, if the system's loader does not know them.
if(CULOGME_HAS_CUDA)
  set_target_properties(culogme PROPERTIES INSTALL_RPATH ${CUDAToolkit_LIBRARY_DIR})
endif()

# The command finds a shared library beside it, wherever the prefix is moved to.
if(TARGET culogme_command)
  file(RELATIVE_PATH library_from_command ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set(command_rpath "$ORIGIN/${library_from_command}")
  if(CULOGME_HAS_CUDA)
    list(APPEND command_rpath ${CUDAToolkit_LIBRARY_DIR})
  endif()
  set_target_properties(culogme_command PROPERTIES INSTALL_RPATH "${command_rpath}")
endif()
