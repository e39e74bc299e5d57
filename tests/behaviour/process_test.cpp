// Engines beside each other in threads, and after fork.

#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::Scalar;
using support::Data;

class ProcessTest : public support::BackendTest {
 protected:
  Data features = support::rectified(1500, 20, 0, 2, 1);
  support::Labels labels = support::balanced_labels(1500, 4, 2);
  support::Stored stored{features, Scalar::f32};
  support::Stored wide{support::normal(40, 90, 3), Scalar::f64};

  std::vector<culogme::Score> scores(culogme::Engine& with) {
    std::vector<culogme::Score> result;
    result.push_back(culogme::score(with, stored.view(), support::view(labels), 4));
    result.push_back(culogme::score(with, wide.view(), support::view(labels, 0, 40), 4));
    culogme::Statistics statistics(with, 20, 4);
    for (std::int64_t first = 0; first < 1500; first += 300)
      statistics.add(stored.view(first, 300), support::view(labels, first, 300));
    result.push_back(culogme::score(statistics));
    return result;
  }
};
CULOGME_OVER_BACKENDS(ProcessTest);

TEST_P(ProcessTest, EnginesInTwoThreadsDoNotDisturbEachOther) {
  const std::vector<culogme::Score> alone = scores(engine);
  std::vector<std::vector<culogme::Score>> results(2);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      culogme::Engine own = support::make_engine(GetParam(), static_cast<int>(t) + 1);
      for (int round = 0; round < 3; ++round) results[t] = scores(own);
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<culogme::Score>& result : results) {
    ASSERT_EQ(result.size(), alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) support::expect_same_bits(alone[i], result[i]);
  }
}

TEST_P(ProcessTest, AnEngineMayMoveToAnotherThread) {
  const std::vector<culogme::Score> here = scores(engine);
  std::vector<culogme::Score> there;
  std::thread([&, moved = std::move(engine)]() mutable { there = scores(moved); }).join();
  for (std::size_t i = 0; i < here.size(); ++i) support::expect_same_bits(here[i], there[i]);
}

// What the child found, as an exit status: the parent cannot see its assertions.
enum ChildResult : int { same_value = 10, error_about_fork = 11, other_value = 12, other_error = 13 };

int score_in_child(const std::function<double()>& again, double expected) {
  try {
    return again() == expected ? same_value : other_value;
  } catch (const culogme::Error& error) {
    return std::string(error.what()).find("fork") != std::string::npos ? error_about_fork : other_error;
  }
}

TEST_P(ProcessTest, AfterForkTheValueOrAnErrorThatSaysFork) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer ends a child of a process that had threads";
#endif
  culogme::Engine several = support::make_engine(GetParam(), 2);
  const auto again = [&] { return culogme::score(several, stored.view(), support::view(labels), 4).value; };
  const double expected = again();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(60);  // a lock held by a thread that does not exist here would wait for ever
    _exit(score_in_child(again, expected));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "the child ended by signal " << WTERMSIG(status);
  EXPECT_TRUE(WEXITSTATUS(status) == same_value || WEXITSTATUS(status) == error_about_fork)
      << "the child's result is " << WEXITSTATUS(status);
  EXPECT_EQ(again(), expected);
}

TEST_P(ProcessTest, AnEngineMadeAfterForkWorks) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer ends a child of a process that had threads";
#endif
  if (GetParam() != culogme::Backend::cpu) GTEST_SKIP() << "a device cannot be used on both sides of fork";
  const auto fresh = [&] {
    culogme::Engine own = support::make_engine(GetParam(), 2);
    return culogme::score(own, stored.view(), support::view(labels), 4).value;
  };
  const double expected = fresh();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(60);
    _exit(score_in_child(fresh, expected));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "the child ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), same_value);
}

}  // namespace
