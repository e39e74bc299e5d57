#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {
namespace {

/// A pipe that holds the first rows of a matrix and never ends: the command waits for more.
class EndlessFeatures {
 public:
  EndlessFeatures(const std::string& path, const Sample& sample, std::int64_t rows_sent) : path_(path) {
    if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    const std::string whole = npy(sample.features, sample.rows, sample.cols);
    start_ = whole.substr(0, whole.size() - static_cast<std::size_t>((sample.rows - rows_sent) * sample.cols * 8));
    // Read and write: opening does not wait for the command, and the pipe stays open when the command ends.
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor_ < 0 || ::write(descriptor_, start_.data(), start_.size()) != static_cast<ssize_t>(start_.size())) {
      throw std::runtime_error("cannot fill " + path);
    }
  }
  ~EndlessFeatures() { ::close(descriptor_); }
  EndlessFeatures(const EndlessFeatures&) = delete;
  EndlessFeatures& operator=(const EndlessFeatures&) = delete;

 private:
  std::string path_, start_;
  int descriptor_ = -1;
};

void wait_for(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_TRUE(condition());
}

void expect_interrupted(const Outcome& outcome, std::chrono::steady_clock::time_point sent) {
  EXPECT_EQ(outcome.code, 130) << outcome.text();
  EXPECT_EQ(outcome.err, "culogme: interrupted\n");
  EXPECT_EQ(outcome.out, "");
  // Two seconds of patience with a decomposition, and what a busy machine with sanitizers adds.
  EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::seconds(20));
}

class CommandInterrupt : public testing::TestWithParam<int> {};

TEST_P(CommandInterrupt, EndsAScoreThatWaitsForData) {
  const Folder folder;
  const Sample sample = make_sample(400, 8, 2);
  write_file(folder / "l.npy", npy(sample.labels));
  const EndlessFeatures features(folder / "fifo", sample, 100);
  Process process({"score", folder / "fifo", "--labels", folder / "l.npy", "--output", folder / "out.json"});
  wait_for([&] { return folder.names().size() > 2; });  // the temporary file of --output is there
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto sent = std::chrono::steady_clock::now();
  process.send(GetParam());
  expect_interrupted(process.wait(), sent);
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"fifo", "l.npy"}));
}

TEST_P(CommandInterrupt, EndsAScoreThatWaitsForAPipeNobodyWrites) {
  const Folder folder;
  const Sample sample = make_sample(40, 4, 2);
  write_file(folder / "l.npy", npy(sample.labels));
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  Process process({"score", folder / "fifo", "--labels", folder / "l.npy", "--output", folder / "out.json"});
  wait_for([&] { return folder.names().size() > 2; });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto sent = std::chrono::steady_clock::now();
  process.send(GetParam());
  expect_interrupted(process.wait(), sent);
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"fifo", "l.npy"}));
}

TEST_P(CommandInterrupt, EndsTheWaitForAReaderOfTheResult) {
  const Folder folder;
  const Sample sample = make_sample(40, 4, 2);
  write_file(folder / "f.npy", npy(sample.features, 40, 4));
  write_file(folder / "l.npy", npy(sample.labels));
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  Process process({"score", folder / "f.npy", "--labels", folder / "l.npy", "--output", folder / "fifo"});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto sent = std::chrono::steady_clock::now();
  process.send(GetParam());
  expect_interrupted(process.wait(), sent);
}

INSTANTIATE_TEST_SUITE_P(Signals, CommandInterrupt, testing::Values(SIGINT, SIGTERM, SIGHUP));

TEST(CommandInterruptFiles, LeavesAStatisticsFileAsItWas) {
  const Folder folder;
  const Sample sample = make_sample(400, 8, 2);
  const Sample first = slice(sample, 0, 40);
  write_file(folder / "l.npy", npy(sample.labels));
  write_file(folder / "first.npy", npy(first.features, 40, 8));
  write_file(folder / "first_l.npy", npy(first.labels));
  ASSERT_EQ(run({"stats", "add", folder / "s.stats", folder / "first.npy", "--labels", folder / "first_l.npy"}).code,
            0);
  const std::string before = read_file(folder / "s.stats");
  const EndlessFeatures features(folder / "fifo", sample, 100);
  Process process({"stats", "add", folder / "s.stats", folder / "fifo", "--labels", folder / "l.npy"});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto sent = std::chrono::steady_clock::now();
  process.send(SIGINT);
  expect_interrupted(process.wait(), sent);
  EXPECT_EQ(read_file(folder / "s.stats"), before);
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"fifo", "first.npy", "first_l.npy", "l.npy", "s.stats"}));
}

TEST(CommandInterruptFiles, EndsARankWithoutAResult) {
  const Folder folder;
  const Sample sample = make_sample(400, 8, 2);
  write_file(folder / "l.npy", npy(sample.labels));
  write_file(folder / "good.npy", npy(sample.features, 400, 8));
  const EndlessFeatures features(folder / "fifo", sample, 100);
  Process process({"rank", "--labels", folder / "l.npy", "good=" + (folder / "good.npy"), "slow=" + (folder / "fifo")});
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto sent = std::chrono::steady_clock::now();
  process.send(SIGINT);
  expect_interrupted(process.wait(), sent);
}

}  // namespace
}  // namespace command_tests
