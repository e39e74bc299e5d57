#pragma once

#include <exception>
#include <stdexcept>

#include <culogme/error.hpp>

namespace culogme::command {

/// What the process answers; scripts rely on the numbers (docs/command.md).
struct ExitCode {
  static constexpr int done = 0;
  static constexpr int unscorable = 1;
  static constexpr int usage = 2;
  static constexpr int file = 3;
  static constexpr int backend = 4;
  static constexpr int interrupted = 130;
};

/// Options or arguments that do not fit together; one sentence that names the option and what was expected.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A signal asked the command to stop; thrown out of the library through its progress callback.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

}  // namespace culogme::command
