#include "signals.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "atomic_file.hpp"
#include "errors.hpp"
#include "io/cancel.hpp"

namespace culogme::command {
namespace {

constexpr std::chrono::milliseconds patience{2000};
constexpr std::chrono::milliseconds kick_interval{50};
constexpr int kick_signal = SIGUSR1;

std::atomic<int> signals_seen{0};
std::atomic<bool> reported{false};
int wake_pipe[2] = {-1, -1};
pthread_t main_thread;

/// Only what is safe in a handler: atomics and write.
void on_signal(int) {
  const int saved_errno = errno;
  signals_seen.fetch_add(1);
  detail::cancel_requested().store(true);
  const char byte = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_pipe[1], &byte, 1);
  errno = saved_errno;
}

/// Does nothing: its arrival makes a blocked call return EINTR.
void on_kick(int) {}

[[noreturn]] void force_end() {
  detail::remove_temporary_files();
  report_interrupted();
  ::_exit(ExitCode::interrupted);
}

/// A signal may come just before the main thread enters a call that blocks, or go to another thread; so the watcher
/// interrupts the main thread again and again until it ends or the patience is over.
void watch() {
  char byte = 0;
  while (::read(wake_pipe[0], &byte, 1) != 1) {
  }
  const auto started = std::chrono::steady_clock::now();
  while (true) {
    std::this_thread::sleep_for(kick_interval);
    const bool again = signals_seen.load() > 1;
    const bool late = std::chrono::steady_clock::now() - started > patience;
    if (again || late) force_end();
    ::pthread_kill(main_thread, kick_signal);
  }
}

void install(int number, void (*handler)(int)) {
  struct sigaction action {};
  struct sigaction before {};
  if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN && number != kick_signal) return;
  action.sa_handler = handler;
  ::sigemptyset(&action.sa_mask);
  action.sa_flags = 0;
  ::sigaction(number, &action, nullptr);
}

}  // namespace

void install_signal_handlers() {
  if (::pipe2(wake_pipe, O_CLOEXEC) != 0) return;
  ::fcntl(wake_pipe[1], F_SETFL, O_NONBLOCK);
  main_thread = ::pthread_self();

  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread(watch).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  install(kick_signal, on_kick);
  // A file that grows over the limit of the process is an error of the write, which removes the temporary file.
  ::signal(SIGXFSZ, SIG_IGN);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) install(number, on_signal);
}

bool interrupted() noexcept { return signals_seen.load() > 0; }

void check_interrupted() {
  if (interrupted()) throw Interrupted();
}

void report_interrupted() noexcept {
  if (reported.exchange(true)) return;
  constexpr char text[] = "culogme: interrupted\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, sizeof text - 1);
}

}  // namespace culogme::command
