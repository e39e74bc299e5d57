// Saved statistics come back bit by bit, and nothing else is taken for statistics.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>

#include "support/backends.hpp"
#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/storage.hpp"

namespace {

using culogme::FileError;
using culogme::Scalar;
using culogme::Statistics;
using culogme::Task;
using support::Data;
using support::message_of;

class StatisticsFileTest : public support::BackendTest {
 protected:
  std::filesystem::path folder = [] {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '_');
    return std::filesystem::path(testing::TempDir()) / ("culogme_" + name + "_" + std::to_string(getpid()));
  }();

  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Statistics classification(std::int64_t rows = 90) {
    culogme::StatisticsOptions options;
    options.target_names = {"ant", "b\xc3\xa9", "with, comma"};
    Statistics statistics(engine, 6, 3, options);
    const support::Stored x(support::normal(rows, 6, 1), Scalar::f32);
    statistics.add(x.view(), support::view(support::balanced_labels(rows, 3, 2)));
    return statistics;
  }
  Statistics regression() {
    culogme::StatisticsOptions options;
    options.task = Task::regression;
    options.precision = culogme::Precision::f64;
    Statistics statistics(engine, 4, 2, options);
    const Data features = support::normal(50, 4, 3);
    const support::Stored x(features, Scalar::f64), y(support::linear_responses(features, 2, 1, 4), Scalar::f64);
    statistics.add(x.view(), y.view());
    return statistics;
  }
  static std::string bytes_of(const Statistics& statistics) {
    std::ostringstream stream;
    statistics.save(stream);
    return stream.str();
  }
  Statistics from_bytes(const std::string& bytes) {
    std::istringstream stream(bytes);
    return Statistics::load(engine, stream);
  }
  std::size_t files_in_folder() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) count += entry.exists() ? 1U : 0U;
    return count;
  }
};
CULOGME_OVER_BACKENDS(StatisticsFileTest);

TEST_P(StatisticsFileTest, RoundTripKeepsEveryBit) {
  for (const Statistics& saved : {classification(), regression()}) {
    const std::string bytes = bytes_of(saved);
    const Statistics loaded = from_bytes(bytes);
    EXPECT_EQ(bytes_of(loaded), bytes);
    EXPECT_EQ(loaded.rows(), saved.rows());
    EXPECT_EQ(loaded.task(), saved.task());
    EXPECT_EQ(loaded.target_names(), saved.target_names());
    EXPECT_EQ(loaded.class_rows(), saved.class_rows());
    support::expect_same_bits(culogme::score(loaded), culogme::score(saved));
  }
}

TEST_P(StatisticsFileTest, EmptyStatisticsRoundTrip) {
  const Statistics empty(engine, 3, 2);
  Statistics loaded = from_bytes(bytes_of(empty));
  EXPECT_EQ(loaded.rows(), 0);
  const support::Stored x(support::integers(20, 3, 5), Scalar::f32);
  loaded.add(x.view(), support::view(support::balanced_labels(20, 2, 6)));
  EXPECT_EQ(loaded.rows(), 20);
}

TEST_P(StatisticsFileTest, LoadedStatisticsGoOn) {
  const Data features = support::integers(400, 5, 7);
  const support::Labels labels = support::balanced_labels(400, 3, 8);
  const support::Stored x(features, Scalar::f32);
  Statistics whole(engine, 5, 3), part(engine, 5, 3);
  whole.add(x.view(), support::view(labels));
  part.add(x.view(0, 150), support::view(labels, 0, 150));
  Statistics loaded = from_bytes(bytes_of(part));
  loaded.add(x.view(150, 250), support::view(labels, 150, 250));
  EXPECT_EQ(culogme::score(loaded).value, culogme::score(whole).value);  // integers: sums are exact
}

TEST_P(StatisticsFileTest, ThreadsAndBatchesDoNotChangeTheBytes) {
  const Data features = support::rectified(5000, 5, 0, 2, 9);
  const support::Labels labels = support::balanced_labels(5000, 3, 10);
  const support::Stored x(features, Scalar::f32);
  std::string first;
  for (const int threads : {1, 2, 3}) {
    culogme::Engine other = support::make_engine(GetParam(), threads);
    Statistics statistics(other, 5, 3);
    const std::int64_t size = threads == 1 ? 5000 : 700 + threads;
    for (std::int64_t at = 0; at < 5000; at += size)
      statistics.add(x.view(at, std::min(size, 5000 - at)), support::view(labels, at, std::min(size, 5000 - at)));
    if (first.empty()) first = bytes_of(statistics);
    EXPECT_EQ(bytes_of(statistics), first) << "threads " << threads;
  }
}

TEST_P(StatisticsFileTest, EveryTruncationIsRefused) {
  const std::string bytes = bytes_of(classification());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    SCOPED_TRACE("length " + std::to_string(length));
    ASSERT_THROW(from_bytes(bytes.substr(0, length)), FileError);
  }
}

TEST_P(StatisticsFileTest, EveryFlippedByteIsRefused) {
  const std::string bytes = bytes_of(classification());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    std::string wrong = bytes;
    wrong[at] = static_cast<char>(wrong[at] ^ (1 << (at % 8)));
    ASSERT_THROW(from_bytes(wrong), FileError);
  }
}

// A file without holes of this size would take minutes and all memory to read.
TEST_P(StatisticsFileTest, NoMoreIsReadThanTheHeadAllows) {
  const auto grown = [&](const char* name, const std::string& start) {
    const std::filesystem::path path = folder / name;
    std::ofstream(path, std::ios::binary) << start;
    std::filesystem::resize_file(path, std::uintmax_t{1} << 36);
    return message_of<FileError>([&] { Statistics::load(engine, path); });
  };
  CULOGME_EXPECT_HOLDS(grown("zeros.stats", ""), "zeros.stats is no statistics file");
  const std::string bytes = bytes_of(classification());
  CULOGME_EXPECT_HOLDS(grown("longer.stats", bytes), std::to_string(bytes.size()));
  std::istringstream followed(bytes + "x");
  CULOGME_EXPECT_HOLDS(message_of<FileError>([&] { Statistics::load(engine, followed); }), "follow after its end");
}

TEST_P(StatisticsFileTest, OnlyRegularFilesAreTaken) {
  CULOGME_EXPECT_HOLDS(message_of<FileError>([&] { Statistics::load(engine, std::filesystem::path("/dev/zero")); }),
                       "/dev/zero is a device, no statistics file");
  const std::filesystem::path fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  CULOGME_EXPECT_HOLDS(message_of<FileError>([&] { Statistics::load(engine, fifo); }), "is a pipe, no statistics file");
  const std::filesystem::path empty = folder / "empty.stats";
  std::ofstream(empty, std::ios::binary).flush();
  CULOGME_EXPECT_HOLDS(message_of<FileError>([&] { Statistics::load(engine, empty); }), "is empty");
}

TEST_P(StatisticsFileTest, OtherFilesAreRefusedByName) {
  const std::filesystem::path text = folder / "notes.txt";
  std::ofstream(text) << "these are no statistics\n";
  CULOGME_EXPECT_HOLDS(message_of<FileError>([&] { Statistics::load(engine, text); }), "notes.txt");
  CULOGME_EXPECT_HOLDS(message_of<FileError>([&] { Statistics::load(engine, folder / "absent.stats"); }),
                       "absent.stats");
  CULOGME_EXPECT_HOLDS(message_of<FileError>([&] { Statistics::load(engine, folder); }), folder.filename().string());
}

TEST_P(StatisticsFileTest, BytesBehindTheEndOfAFileAreRefused) {
  const std::filesystem::path path = folder / "long.stats";
  classification().save(path);
  std::ofstream(path, std::ios::app | std::ios::binary) << "x";
  EXPECT_THROW(Statistics::load(engine, path), FileError);
}

TEST_P(StatisticsFileTest, TheFileIsReplacedAtOnceAndNothingLiesBeside) {
  const std::filesystem::path path = folder / "a.stats";
  classification(30).save(path);
  classification(90).save(path);
  EXPECT_EQ(files_in_folder(), 1U);
  const Statistics loaded = Statistics::load(engine, path);
  EXPECT_EQ(loaded.rows(), 90);
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  EXPECT_EQ(content.str(), bytes_of(classification(90)));
}

TEST_P(StatisticsFileTest, SavingWhereItCannotBeSaved) {
  const Statistics statistics = classification();
  const std::string message = message_of<FileError>([&] { statistics.save(folder / "missing" / "a.stats"); });
  CULOGME_EXPECT_HOLDS(message, "a.stats");
  EXPECT_THROW(statistics.save(folder), FileError);  // a folder
  EXPECT_EQ(files_in_folder(), 0U);
  std::ostringstream broken;
  broken.setstate(std::ios::badbit);
  EXPECT_THROW(statistics.save(broken), FileError);
  EXPECT_EQ(culogme::score(statistics).rows, 90);
}

}  // namespace
