#include "command_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <gtest/gtest.h>

#include "cpu/blas.hpp"

extern "C" char** environ;

namespace command_tests {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
  return ends;
}

void close_once(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

/// Pseudo terminal: what the child writes to [1] is read from [0].
std::array<int, 2> make_terminal() {
  const int controller = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (controller < 0 || ::grantpt(controller) != 0 || ::unlockpt(controller) != 0) fail("posix_openpt");
  std::array<char, 128> name{};
  if (::ptsname_r(controller, name.data(), name.size()) != 0) fail("ptsname");
  const int terminal = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) fail("open terminal");
  return {controller, terminal};
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

/// In the child, between fork and exec: nothing that allocates.
void prepare_child(const Surroundings& surroundings, int in, int out, int err) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ}) ::signal(number, SIG_DFL);
  ::dup2(in, STDIN_FILENO);
  if (surroundings.close_output) {
    ::close(STDOUT_FILENO);
  } else {
    ::dup2(out, STDOUT_FILENO);
  }
  ::dup2(err, STDERR_FILENO);
  if (surroundings.file_size_limit > 0) {
    const auto limit = static_cast<rlim_t>(surroundings.file_size_limit);
    const struct rlimit both { limit, limit };
    ::setrlimit(RLIMIT_FSIZE, &both);
  }
  if (surroundings.unprivileged && ::geteuid() == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(125);
  }
}

}  // namespace

nlohmann::json Outcome::json() const {
  nlohmann::json object = nlohmann::json::parse(out, nullptr, false);
  EXPECT_FALSE(object.is_discarded()) << text();
  return object;
}

std::string Outcome::text() const {
  return "exit code " + std::to_string(code) + ", signal " + std::to_string(signal) + "\nout: " + out + "\nerr: " + err;
}

Process::Process(const std::vector<std::string>& arguments, const Surroundings& surroundings)
    : input_(surroundings.input) {
  std::vector<std::string> words = {surroundings.program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = surroundings.environment;
  // Tests compare to the last bit with the library in this process, which cannot change its kernel.
  const bool chosen = std::any_of(variables.begin(), variables.end(), [](const std::string& variable) {
    return variable.rfind("OPENBLAS_CORETYPE=", 0) == 0;
  });
  if (!chosen && std::getenv("OPENBLAS_CORETYPE") == nullptr)
    variables.push_back("OPENBLAS_CORETYPE=" + culogme::detail::blas_kernel());
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  const std::vector<char*> argv = pointers(words), envp = pointers(variables);

  std::array<int, 2> in = make_pipe(), out = make_pipe();
  std::array<int, 2> err = surroundings.terminal ? make_terminal() : make_pipe();
  if (!surroundings.output_file.empty()) {
    close_once(out[1]);
    out[1] = ::open(surroundings.output_file.c_str(), O_WRONLY | O_CLOEXEC);
    if (out[1] < 0) fail("open output");
  }
  if (surroundings.broken_output) close_once(out[0]);
  child_ = ::fork();
  if (child_ < 0) fail("fork");
  if (child_ == 0) {
    prepare_child(surroundings, in[0], out[1], err[1]);
    ::execve(argv.front(), argv.data(), envp.data());
    ::_exit(126);
  }
  close_once(in[0]);
  close_once(out[1]);
  close_once(err[1]);
  in_ = in[1];
  out_ = out[0];
  err_ = err[0];
  ::fcntl(in_, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  close_once(in_);
  close_once(out_);
  close_once(err_);
}

void Process::send(int signal) const {
  if (::kill(child_, signal) != 0) fail("kill");
}

Outcome Process::wait(std::chrono::seconds patience) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  Outcome outcome;
  const auto end = std::chrono::steady_clock::now() + patience;
  std::size_t fed = 0;
  const auto drain = [](int& descriptor, std::string& text) {
    std::array<char, 1 << 16> buffer{};
    const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
    if (size > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
    } else {
      close_once(descriptor);  // a terminal without a writer answers with an error
    }
  };
  while (out_ >= 0 || err_ >= 0) {
    if (fed == input_.size()) close_once(in_);
    std::array<struct pollfd, 3> waits{{{out_, POLLIN, 0}, {err_, POLLIN, 0}, {in_, POLLOUT, 0}}};
    if (::poll(waits.data(), waits.size(), 100) < 0 && errno != EINTR) fail("poll");
    if (waits[0].revents != 0) drain(out_, outcome.out);
    if (waits[1].revents != 0) drain(err_, outcome.err);
    if (waits[2].revents != 0) {
      const ssize_t size = ::write(in_, input_.data() + fed, input_.size() - fed);
      if (size > 0) fed += static_cast<std::size_t>(size);
      if (size < 0 && errno != EAGAIN) close_once(in_);
    }
    if (std::chrono::steady_clock::now() > end) ::kill(child_, SIGKILL);
  }
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  ::sigaction(SIGPIPE, &before, nullptr);
  if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

Outcome run(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  return Process(arguments, surroundings).wait();
}

Folder::Folder() : path_((std::filesystem::temp_directory_path() / "culogme-command-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) fail("mkdtemp");
}

Folder::~Folder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::vector<std::string> Folder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void expect_error(const Outcome& outcome, int code, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.code, code) << outcome.text();
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err.rfind("culogme: ", 0), 0U) << outcome.text();
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.text();
  for (const std::string& word : words) EXPECT_NE(outcome.err.find(word), std::string::npos) << word << outcome.text();
}

}  // namespace command_tests
