#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace command_tests {

/// How the command is started.
struct Surroundings {
  std::string program = CULOGME_COMMAND;
  std::string input;                     ///< bytes on standard input
  std::string output_file;               ///< where standard output goes; empty: captured
  bool close_output = false;             ///< started without standard output
  bool broken_output = false;            ///< standard output is a pipe that nobody reads
  bool terminal = false;                 ///< standard error is a terminal
  bool unprivileged = false;             ///< runs as user 65534 where the tests run as root
  long file_size_limit = 0;              ///< bytes that a file may grow to; 0: no limit
  std::vector<std::string> environment;  ///< "NAME=value", added to the test's own
};

struct Outcome {
  int code = -1;    ///< exit code; -1 where a signal ended it
  int signal = 0;   ///< the signal that ended it
  std::string out;  ///< standard output
  std::string err;  ///< standard error

  /// Standard output as JSON; a failed expectation where it is none.
  nlohmann::json json() const;
  /// For messages of failed expectations.
  std::string text() const;
};

/// The command as a running process. Signals that the test's parent ignores are back to their defaults.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments, const Surroundings& surroundings = {});
  /// Ends it by SIGKILL if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  /// Reads what it writes until it ends. After `patience` it is killed, which shows as signal SIGKILL.
  Outcome wait(std::chrono::seconds patience = std::chrono::seconds(120));

 private:
  pid_t child_ = -1;
  std::string input_;
  int in_ = -1, out_ = -1, err_ = -1;
};

/// Starts the command and waits for its end.
Outcome run(const std::vector<std::string>& arguments, const Surroundings& surroundings = {});

/// A folder of its own, removed with all that is in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  /// The path of `name` in the folder.
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  /// Names of what is in it, sorted.
  std::vector<std::string> names() const;

 private:
  std::string path_;
};

/// One sentence "culogme: ..." on standard error with every one of `words` in it, nothing on standard output.
void expect_error(const Outcome& outcome, int code, const std::vector<std::string>& words);

}  // namespace command_tests
