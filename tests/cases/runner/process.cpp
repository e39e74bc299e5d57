#include "process.hpp"

#include <fcntl.h>
#include <link.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace culogme::test {
namespace {

/// Addresses that the shared libraries of this program take, about those that the command takes too: the CUDA libraries
/// alone are a gigabyte, whether a device is used or not.
rlim_t library_addresses() {
  rlim_t bytes = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* sum) {
        for (int i = 0; i < info->dlpi_phnum; ++i)
          if (info->dlpi_phdr[i].p_type == PT_LOAD) *static_cast<rlim_t*>(sum) += info->dlpi_phdr[i].p_memsz;
        return 0;
      },
      &bytes);
  return bytes;
}

using std::chrono::milliseconds;

constexpr int cannot_start = 126;

[[noreturn]] void fail_in_child(const char* what) {
  const std::string text = std::string(what) + ": " + std::strerror(errno) + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(cannot_start);
}

void redirect(const std::filesystem::path& path, int flags, int target) {
  const int file = ::open(path.c_str(), flags);
  if (file < 0 || ::dup2(file, target) < 0) fail_in_child(path.c_str());
  ::close(file);
}

/// Root passes by permissions through two capabilities. Without them in the bounding set the next exec has them no
/// more, and the files and folders of the build stay in reach, which they would not for another user.
void drop_privilege() {
  if (::geteuid() != 0) return;
  for (const int capability : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) fail_in_child("cannot drop a capability");
  }
}

[[noreturn]] void execute(const Start& start, int output, int error) {
  ::dup2(error, STDERR_FILENO);
  ::dup2(output, STDOUT_FILENO);
  redirect(start.standard_input.empty() ? "/dev/null" : start.standard_input, O_RDONLY, STDIN_FILENO);
  if (!start.standard_output.empty()) redirect(start.standard_output, O_WRONLY, STDOUT_FILENO);
  if (!start.directory.empty() && ::chdir(start.directory.c_str()) != 0) fail_in_child("chdir");
  for (const std::string& variable : start.environment) {
    const std::size_t equals = variable.find('=');
    ::setenv(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1, 1);
  }
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (start.address_space > 0 && memory_can_be_limited()) {
    const rlim_t bytes = start.address_space + library_addresses();
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  if (start.without_privilege) drop_privilege();
  std::vector<char*> arguments;
  for (const std::string& argument : start.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  fail_in_child(arguments[0]);
}

}  // namespace

Process::Process(const Start& start) : start_(start), begin_(std::chrono::steady_clock::now()) {
  int output[2], error[2];
  if (::pipe2(output, O_CLOEXEC) != 0 || ::pipe2(error, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) execute(start_, output[1], error[1]);
  ::close(output[1]);
  ::close(error[1]);
  output_ = output[0];
  error_ = error[0];
  ::fcntl(output_, F_SETFL, O_NONBLOCK);
  ::fcntl(error_, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(output_);
  ::close(error_);
}

void Process::drain(milliseconds limit) {
  pollfd streams[2] = {{output_, POLLIN, 0}, {error_, POLLIN, 0}};
  ::poll(streams, 2, static_cast<int>(limit.count()));
  char buffer[65536];
  for (const auto& [file, text] : {std::pair{output_, &result_.output}, std::pair{error_, &result_.error}}) {
    for (ssize_t got; (got = ::read(file, buffer, sizeof buffer)) > 0;) {
      text->append(buffer, static_cast<std::size_t>(got));
    }
  }
}

bool Process::wait(milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (pid_ > 0) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      drain(milliseconds(0));
      if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
      if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
      result_.wall = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin_);
      return true;
    }
    if (std::chrono::steady_clock::now() >= deadline) return false;
    drain(milliseconds(2));
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

void Process::send(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

const Result& Process::finish() {
  if (!wait(start_.time_limit)) {
    result_.timed_out = true;
    send(SIGKILL);
    wait(milliseconds(10'000));
  }
  return result_;
}

Result run(const Start& start) { return Process(start).finish(); }

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "culogme_cases_XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed: " + name);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

PipeWriter::PipeWriter(const std::filesystem::path& pipe, const std::string& bytes) : pid_(::fork()) {
  if (pid_ != 0) return;
  const int file = ::open(pipe.c_str(), O_WRONLY);
  std::size_t done = 0;
  while (file >= 0 && done < bytes.size()) {
    const ssize_t written = ::write(file, bytes.data() + done, bytes.size() - done);
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  ::_exit(0);
}

PipeWriter::~PipeWriter() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace culogme::test
