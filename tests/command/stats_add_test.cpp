#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <limits>
#include <thread>

#include <gtest/gtest.h>

#include <culogme/culogme.hpp>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {
namespace {

const std::int64_t shard_rows = 20, columns = 5;

/// Shards f_0.npy, f_1.npy ... of one sample with a labels file each and one for all.
struct Shards {
  Folder folder;
  Sample sample;
  std::string file = folder / "s.stats";
  std::string labels = folder / "all_labels.npy";
  std::int64_t count;

  explicit Shards(std::int64_t count_) : sample(make_sample(count_ * shard_rows, columns, 3)), count(count_) {
    write_file(labels, npy(sample.labels));
    for (std::int64_t i = 0; i < count; ++i) {
      const Sample part = slice(sample, i * shard_rows, shard_rows);
      write_file(features_of(i), npy(part.features, shard_rows, columns));
      write_file(labels_of(i), npy(part.labels));
    }
  }

  std::string features_of(std::int64_t i) const { return folder / ("f_" + std::to_string(i) + ".npy"); }
  std::string labels_of(std::int64_t i) const { return folder / ("l_" + std::to_string(i) + ".npy"); }

  /// stats add with shards [first, last), a labels file each.
  std::vector<std::string> add(std::int64_t first, std::int64_t last) const {
    std::vector<std::string> words = {"stats", "add", file};
    for (std::int64_t i = first; i < last; ++i) words.push_back(features_of(i));
    for (std::int64_t i = first; i < last; ++i) words.insert(words.end(), {"--labels", labels_of(i)});
    return words;
  }

  std::int64_t saved_rows() const {
    culogme::Engine engine;
    return culogme::Statistics::load(engine, std::filesystem::path(file)).rows();
  }
};

void expect_score_of_all_rows(const Shards& shards) {
  write_file(shards.folder / "whole.npy", npy(shards.sample.features, shards.sample.rows, columns));
  const nlohmann::json whole =
      run({"score", shards.folder / "whole.npy", "--labels", shards.labels, "--format", "json"}).json();
  const nlohmann::json collected = run({"score", shards.file, "--format", "json"}).json();
  EXPECT_EQ(collected["rows"], whole["rows"]);
  EXPECT_NEAR(collected["score"].get<double>(), whole["score"].get<double>(),
              collected["error_bound"].get<double>() + whole["error_bound"].get<double>());
}

TEST(CommandStatsAdd, TwoStepsGiveTheRowsOfOne) {
  const Shards shards(4);
  const Outcome made = run(shards.add(0, 1));
  EXPECT_EQ(made.code, 0) << made.text();
  const Outcome extended = run(shards.add(1, 4));
  EXPECT_EQ(extended.code, 0) << extended.text();
  EXPECT_NE(extended.out.find("80"), std::string::npos);
  expect_score_of_all_rows(shards);
}

TEST(CommandStatsAdd, OneLabelsFileForAllShards) {
  const Shards shards(3);
  const Outcome outcome = run({"stats", "add", shards.file, shards.features_of(0), "--features", shards.features_of(1),
                               "--features", shards.features_of(2), "--labels", shards.labels, "--format", "json"});
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  EXPECT_EQ(outcome.json()["command"], "stats add");
  EXPECT_EQ(outcome.json()["rows"], 60);
  expect_score_of_all_rows(shards);
}

TEST(CommandStatsAdd, StandardInputAndIgnoredRows) {
  Shards shards(2);
  std::vector<std::int64_t> labels = shards.sample.labels;
  for (std::size_t i = 0; i < labels.size(); i += 4) labels[i] = -100;
  write_file(shards.labels, npy(labels));
  Surroundings piped;
  piped.input = npy(shards.sample.features, 40, columns);
  const Outcome outcome =
      run({"stats", "add", shards.file, "-", "--labels", shards.labels, "--ignore-label", "-100"}, piped);
  ASSERT_EQ(outcome.code, 0) << outcome.text();
  EXPECT_EQ(shards.saved_rows(), 30);
  write_file(shards.folder / "whole.npy", piped.input);
  const nlohmann::json whole = run({"score", shards.folder / "whole.npy", "--labels", shards.labels, "--ignore-label",
                                    "-100", "--format", "json"})
                                   .json();
  const nlohmann::json collected = run({"score", shards.file, "--format", "json"}).json();
  EXPECT_NEAR(collected["score"].get<double>(), whole["score"].get<double>(),
              collected["error_bound"].get<double>() + whole["error_bound"].get<double>());
}

TEST(CommandStatsAdd, ClassesAreMatchedByName) {
  Shards shards(2);
  write_file(shards.labels_of(0), npy(std::vector<std::int64_t>(shard_rows, 7)));
  std::vector<std::int64_t> second(shard_rows, 3);
  second[4] = 7;
  write_file(shards.labels_of(1), npy(second));
  ASSERT_EQ(run(shards.add(0, 2)).code, 0);
  const nlohmann::json object = run({"stats", "show", shards.file, "--format", "json"}).json();
  EXPECT_EQ(object["targets"].dump(), R"([{"name":"7","rows":21},{"name":"3","rows":19}])");
}

TEST(CommandStatsAdd, ClassesInWordsAddedToNumbersAreSaid) {
  const Shards shards(1);
  const std::string words = shards.folder / "words.txt";
  std::string lines;
  for (std::int64_t i = 0; i < shard_rows; ++i) lines += i % 2 == 0 ? "cat\n" : "dog\n";
  write_file(words, lines);
  EXPECT_EQ(run(shards.add(0, 1)).err, "");
  const Outcome outcome = run({"stats", "add", shards.file, shards.features_of(0), "--labels", words});
  EXPECT_EQ(outcome.code, 0);
  for (const char* part : {"warning: ", "words.txt", "words (cat", "s.stats", "numbers (0"})
    EXPECT_NE(outcome.err.find(part), std::string::npos) << part << " in " << outcome.err;

  // Also where what comes behind it fails: the rows are in the file by then.
  write_file(shards.folder / "bad.npy", "no array");
  ASSERT_EQ(std::filesystem::remove(shards.file), true);
  ASSERT_EQ(run(shards.add(0, 1)).code, 0);
  const Outcome failed = run({"stats", "add", shards.file, shards.features_of(0), shards.folder / "bad.npy", "--labels",
                              words, "--labels", shards.labels_of(0)});
  EXPECT_EQ(failed.code, 3);
  EXPECT_NE(failed.err.find("words (cat"), std::string::npos) << failed.err;
  EXPECT_EQ(shards.saved_rows(), 2 * shard_rows);

  const std::string named = shards.folder / "named.stats", numbered = shards.folder / "numbered.stats";
  ASSERT_EQ(run({"stats", "add", named, shards.features_of(0), "--labels", words}).code, 0);
  ASSERT_EQ(run({"stats", "add", numbered, shards.features_of(0), "--labels", shards.labels_of(0)}).code, 0);
  const Outcome merged = run({"stats", "merge", shards.folder / "both.stats", named, numbered});
  EXPECT_EQ(merged.code, 0);
  for (const char* part : {"warning: ", "numbered.stats", "numbers (0", "named.stats", "words (cat"})
    EXPECT_NE(merged.err.find(part), std::string::npos) << part << " in " << merged.err;
}

TEST(CommandStatsAdd, TaskAndPrecisionOfTheFileStand) {
  const Shards shards(2);
  std::vector<std::string> words = shards.add(0, 1);
  words.insert(words.end(), {"--task", "regression", "--precision", "f64"});
  ASSERT_EQ(run(words).code, 0);
  ASSERT_EQ(run(shards.add(1, 2)).code, 0);
  const nlohmann::json object = run({"stats", "show", shards.file, "--format", "json"}).json();
  EXPECT_EQ(object["task"], "regression");
  EXPECT_EQ(object["precision"], "f64");
  EXPECT_EQ(object["rows"], 2 * shard_rows);
  words = shards.add(0, 1);
  words.insert(words.end(), {"--task", "classification"});
  expect_error(run(words), 2, {"--task", "regression", "s.stats"});
  words = shards.add(0, 1);
  words.insert(words.end(), {"--precision", "f32"});
  expect_error(run(words), 2, {"--precision", "f64", "s.stats"});
}

TEST(CommandStatsAdd, NarrowRowsKeepTheirPrecision) {
  const Shards shards(2);
  for (std::int64_t shard = 0; shard < 2; ++shard) {
    std::vector<std::string> words = shards.add(shard, shard + 1);
    if (shard == 0) words.insert(words.end(), {"--precision", "half"});
    ASSERT_EQ(run(words).code, 0);
  }
  EXPECT_EQ(run({"stats", "show", shards.file, "--format", "json"}).json()["precision"], "half");
  EXPECT_EQ(run({"score", shards.file, "--format", "json"}).json()["route"], "gram_half");
}

TEST(CommandStatsAdd, BadShardLeavesThoseBeforeItSaved) {
  Shards shards(3);
  Sample part = slice(shards.sample, shard_rows, shard_rows);
  part.features[static_cast<std::size_t>(6 * columns + 2)] = std::numeric_limits<double>::quiet_NaN();
  write_file(shards.features_of(1), npy(part.features, shard_rows, columns));
  expect_error(run(shards.add(0, 3)), 1, {"f_1.npy", "NaN", "row 6", "column 2", "1 shard before it"});
  EXPECT_EQ(shards.saved_rows(), shard_rows);
  write_file(shards.labels_of(1), npy(std::vector<std::int64_t>(shard_rows - 1, 0)));
  expect_error(run(shards.add(1, 2)), 1, {"f_1.npy", "l_1.npy", "20", "19", "batch"});
  EXPECT_EQ(shards.saved_rows(), shard_rows);
}

TEST(CommandStatsAdd, RowNumbersOfBadValuesCountIgnoredRows) {
  Shards shards(1);
  Sample part = slice(shards.sample, 0, shard_rows);
  part.features[static_cast<std::size_t>(9 * columns)] = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < 5; ++i) part.labels[i] = -1;
  write_file(shards.features_of(0), npy(part.features, shard_rows, columns));
  write_file(shards.labels_of(0), npy(part.labels));
  std::vector<std::string> words = shards.add(0, 1);
  words.insert(words.end(), {"--ignore-label", "-1"});
  expect_error(run(words), 1, {"f_0.npy", "inf", "row 9", "column 0"});
  EXPECT_FALSE(std::filesystem::exists(shards.file));
}

TEST(CommandStatsAdd, RowsOfAllShardsMustMatchTheLabels) {
  const Shards shards(3);
  expect_error(
      run({"stats", "add", shards.file, shards.features_of(0), shards.features_of(1), "--labels", shards.labels}), 1,
      {"2 shards", "40", "60", "all_labels.npy"});
  EXPECT_FALSE(std::filesystem::exists(shards.file));
}

TEST(CommandStatsAdd, OtherColumnsAreRefused) {
  const Shards shards(1);
  ASSERT_EQ(run(shards.add(0, 1)).code, 0);
  const std::string before = read_file(shards.file);
  write_file(shards.features_of(0), npy(std::vector<double>(shard_rows * 2, 1.0), shard_rows, 2));
  expect_error(run(shards.add(0, 1)), 1, {"f_0.npy", "2 columns", "s.stats", "5"});
  EXPECT_EQ(read_file(shards.file), before);
}

TEST(CommandStatsAdd, FeaturesAreNoStatisticsFile) {
  const Shards shards(1);
  std::filesystem::copy(shards.features_of(0), shards.file);
  const std::string before = read_file(shards.file);
  expect_error(run(shards.add(0, 1)), 3, {"s.stats"});
  EXPECT_EQ(read_file(shards.file), before);
}

TEST(CommandStatsAdd, FullDiskLeavesTheFileAsItWas) {
  const Shards shards(2);
  ASSERT_EQ(run(shards.add(0, 1)).code, 0);
  const std::string before = read_file(shards.file);
  const std::vector<std::string> names = shards.folder.names();
  Surroundings limited;
  limited.file_size_limit = static_cast<long>(before.size()) / 2;
  expect_error(run(shards.add(1, 2), limited), 3, {"s.stats", "too large"});
  EXPECT_EQ(read_file(shards.file), before);
  EXPECT_EQ(shards.folder.names(), names);
}

TEST(CommandStatsAdd, PlacesThatCannotBeWrittenAreErrorsOfTheFile) {
  const Shards shards(1);
  for (const std::string& file : {std::string("/dev/full"), shards.folder.path(), shards.folder / "none/s.stats"}) {
    expect_error(run({"stats", "add", file, shards.features_of(0), "--labels", shards.labels_of(0)}), 3, {file});
  }
}

TEST(CommandStatsAdd, FileThatAnotherProcessChangedIsNotOverwritten) {
  const Shards shards(3);
  ASSERT_EQ(run(shards.add(0, 1)).code, 0);
  const std::string fifo = shards.folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Process slow({"stats", "add", shards.file, fifo, "--labels", shards.labels_of(1)});
  const int descriptor = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC);  // returns when the slow process reads
  ASSERT_GE(descriptor, 0);
  ASSERT_EQ(run(shards.add(2, 3)).code, 0);
  const std::string between = read_file(shards.file);
  const std::string bytes = read_file(shards.features_of(1));
  ASSERT_EQ(::write(descriptor, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  ::close(descriptor);
  expect_error(slow.wait(), 3, {"s.stats", "another process", "stats merge"});
  EXPECT_EQ(read_file(shards.file), between);
}

TEST(CommandStatsAdd, MissingPermissionIsAnErrorOfTheFile) {
  const Shards shards(1);
  std::filesystem::permissions(shards.folder.path(), std::filesystem::perms(0555));
  Surroundings surroundings;
  surroundings.unprivileged = true;
  const Outcome outcome = run(shards.add(0, 1), surroundings);
  std::filesystem::permissions(shards.folder.path(), std::filesystem::perms(0755));
  if (outcome.code == 126) GTEST_SKIP() << "user 65534 cannot reach the command's folder";
  expect_error(outcome, 3, {"s.stats", "Permission denied"});
}

TEST(CommandStatsAdd, KillLosesAtMostTheOpenShard) {
  const Shards shards(6);
  // The sixth shard never ends, so the command is killed in the middle of it.
  const std::string fifo = shards.folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const int descriptor = ::open(fifo.c_str(), O_RDWR | O_CLOEXEC);
  const std::string start = read_file(shards.features_of(5)).substr(0, 400);
  ASSERT_EQ(::write(descriptor, start.data(), start.size()), static_cast<ssize_t>(start.size()));
  std::vector<std::string> words = shards.add(0, 5);
  words.insert(words.begin() + 8, fifo);
  words.insert(words.end(), {"--labels", shards.labels_of(5)});
  Process process(words);
  const auto saved = [&] { return std::filesystem::exists(shards.file) && shards.saved_rows() == 5 * shard_rows; };
  for (int i = 0; i < 1000 && !saved(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  process.send(SIGKILL);
  EXPECT_EQ(process.wait().signal, SIGKILL);
  ::close(descriptor);
  ASSERT_EQ(shards.saved_rows(), 5 * shard_rows);
  ASSERT_EQ(run(shards.add(5, 6)).code, 0);
  expect_score_of_all_rows(shards);
}

TEST(CommandStatsAdd, KillAtAnyTimeLeavesWholeShards) {
  const Shards shards(40);
  for (int delay = 0; delay < 60; delay += 6) {
    std::filesystem::remove(shards.file);
    Process process(shards.add(0, shards.count));
    std::this_thread::sleep_for(std::chrono::milliseconds(delay));
    process.send(SIGKILL);
    process.wait();
    if (!std::filesystem::exists(shards.file)) continue;
    const std::int64_t rows = shards.saved_rows();
    EXPECT_GT(rows, 0);
    EXPECT_EQ(rows % shard_rows, 0) << "killed after " << delay << " ms";
  }
}

}  // namespace
}  // namespace command_tests
