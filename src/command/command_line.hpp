#pragma once

#include <string>

namespace culogme::command {

/// Keeps the words that the process was started with, for reports that say what made them. Call once, in main.
void remember_command_line(int argc, const char* const* argv);

/// Those words as a POSIX shell would read them back, the program by its name alone.
std::string command_line();

}  // namespace culogme::command
