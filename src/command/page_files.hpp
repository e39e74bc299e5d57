#pragma once

#include <string_view>

namespace culogme::command {

/// The files of src/command/page and the chart library, as they were at build time (embed_page.cmake).
struct PageFiles {
  std::string_view html, style, script;
  std::string_view library;          ///< empty where CMake found none
  std::string_view library_version;  ///< "5.16.0"
  std::string_view library_licence;
};
extern const PageFiles page_files;

}  // namespace culogme::command
