# The report page (`culogme rank --report`): its files and the chart library D3 are embedded in the command. Debian and
# Ubuntu ship D3 in the package node-d3; elsewhere give both files. -DCULOGME_D3=OFF builds without.
find_file(CULOGME_D3 d3.min.js PATHS /usr/share/nodejs/d3/dist /usr/local/share/nodejs/d3/dist NO_DEFAULT_PATH
  DOC "D3, version 5 or later (d3.min.js), for the pages of culogme rank --report")
find_file(CULOGME_D3_LICENCE NAMES copyright LICENSE PATHS /usr/share/doc/node-d3 /usr/share/nodejs/d3 NO_DEFAULT_PATH
  DOC "The licence of D3, embedded with it")
mark_as_advanced(CULOGME_D3 CULOGME_D3_LICENCE)

set(page_library "")
set(page_library_version "")
if(CULOGME_D3 AND CULOGME_D3_LICENCE)
  file(READ ${CULOGME_D3} head LIMIT 200)
  if(head MATCHES "d3js\\.org v(([0-9]+)\\.[0-9.]+)" AND CMAKE_MATCH_2 GREATER_EQUAL 5)
    set(page_library ${CULOGME_D3})
    set(page_library_version ${CMAKE_MATCH_1})
  else()
    message(WARNING "${CULOGME_D3} is no D3 of version 5 or later: culogme rank --report is left out")
  endif()
endif()
if(page_library)
  message(STATUS "culogme rank --report: D3 ${page_library_version}")
else()
  message(STATUS "culogme rank --report: left out, no D3 (Debian's package node-d3)")
endif()

set(page_scripts base.js names.js navigate.js ranking.js accuracy.js classes.js heatmap.js spectrum.js timings.js main.js)
list(TRANSFORM page_scripts PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/page/ OUTPUT_VARIABLE page_script_paths)
string(REPLACE ";" "," page_script_names "${page_scripts}")
add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp
  COMMAND ${CMAKE_COMMAND} -D OUTPUT=${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp -D PAGE=${CMAKE_CURRENT_SOURCE_DIR}/page
          -D SCRIPTS=${page_script_names} -D LIBRARY=${page_library} -D VERSION=${page_library_version}
          -D LICENCE=${CULOGME_D3_LICENCE} -P ${CMAKE_CURRENT_SOURCE_DIR}/embed_page.cmake
  DEPENDS embed_page.cmake page/page.html page/page.css ${page_script_paths} ${page_library}
  COMMENT "Embedding the report page" VERBATIM)
target_sources(culogme_command PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp)
# Longer than what compilers must support, which all in use do.
set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp PROPERTIES
  COMPILE_OPTIONS -Wno-overlength-strings)
if(CULOGME_INSTALL AND page_library)
  install(FILES ${CULOGME_D3_LICENCE} DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.d3)
endif()
