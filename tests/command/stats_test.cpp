#include <sys/stat.h>

#include <filesystem>

#include <gtest/gtest.h>

#include <culogme/culogme.hpp>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {
namespace {

/// Statistics files of the two halves of one sample and of the whole.
struct Halves {
  Folder folder;
  std::string first = folder / "first.stats", second = folder / "second.stats", whole = folder / "whole.stats";

  Halves() {
    const Sample sample = make_sample(80, 6, 4);
    add(slice(sample, 0, 30), first);
    add(slice(sample, 30, 50), second);
    add(sample, whole);
  }

  void add(const Sample& sample, const std::string& file) {
    write_file(folder / "f.npy", npy(sample.features, sample.rows, sample.cols));
    write_file(folder / "l.npy", npy(sample.labels));
    const Outcome outcome = run({"stats", "add", file, folder / "f.npy", "--labels", folder / "l.npy"});
    ASSERT_EQ(outcome.code, 0) << outcome.text();
  }

  std::string operator/(const std::string& name) const { return folder / name; }
};

double score_of(const std::string& file) {
  const Outcome outcome = run({"score", file, "--format", "json"});
  EXPECT_EQ(outcome.code, 0) << outcome.text();
  return outcome.json()["score"];
}

/// Two scores of the same rows, each within its own bound of the exact one.
void expect_same_score(const std::string& a, const std::string& b) {
  const nlohmann::json one = run({"score", a, "--format", "json"}).json(),
                       two = run({"score", b, "--format", "json"}).json();
  EXPECT_EQ(one["rows"], two["rows"]);
  const double bound = one["error_bound"].get<double>() + two["error_bound"].get<double>();
  EXPECT_NEAR(one["score"].get<double>(), two["score"].get<double>(), bound);
}

TEST(CommandStats, MergeGivesTheWhole) {
  const Halves halves;
  const Outcome merged =
      run({"stats", "merge", halves / "merged.stats", halves.first, halves.second, "--format", "json"});
  ASSERT_EQ(merged.code, 0) << merged.text();
  EXPECT_EQ(merged.json()["command"], "stats merge");
  EXPECT_EQ(merged.json()["rows"], 80);
  expect_same_score(halves / "merged.stats", halves.whole);
}

TEST(CommandStats, MergeMayWriteOverOneOfItsInputs) {
  const Halves halves;
  ASSERT_EQ(run({"stats", "merge", halves.first, halves.first, halves.second}).code, 0);
  expect_same_score(halves.first, halves.whole);
}

TEST(CommandStats, MergeDoesNotReplaceAnUnrelatedFileUnasked) {
  const Halves halves;
  const std::string before = read_file(halves.first);
  expect_error(run({"stats", "merge", halves.first, halves.second}), 2, {"first.stats", "exists", "--force"});
  EXPECT_EQ(read_file(halves.first), before);
  EXPECT_EQ(run({"stats", "merge", halves.first, halves.second, "--force"}).code, 0);
  EXPECT_EQ(score_of(halves.first), score_of(halves.second));
}

TEST(CommandStats, SubtractGivesTheRest) {
  const Halves halves;
  const Outcome rest =
      run({"stats", "subtract", halves / "rest.stats", halves.whole, halves.first, "--format", "json"});
  ASSERT_EQ(rest.code, 0) << rest.text();
  EXPECT_EQ(rest.json()["rows"], 50);
  expect_same_score(halves / "rest.stats", halves.second);
  expect_error(run({"stats", "subtract", halves / "none.stats", halves.first, halves.whole}), 1,
               {"whole.stats", "first.stats"});
  EXPECT_FALSE(std::filesystem::exists(halves / "none.stats"));
}

TEST(CommandStats, NothingLeftCannotBeScored) {
  const Halves halves;
  ASSERT_EQ(run({"stats", "subtract", halves / "none.stats", halves.first, halves.first}).code, 0);
  expect_error(run({"score", halves / "none.stats"}), 1, {"none.stats", "no rows"});
}

TEST(CommandStats, FilesThatDoNotFitAreNamed) {
  Halves halves;
  halves.add(make_sample(20, 5, 2), halves / "narrow.stats");
  expect_error(run({"stats", "merge", halves / "out.stats", halves.first, halves / "narrow.stats"}), 1,
               {"narrow.stats", "first.stats", "5", "6"});
  EXPECT_FALSE(std::filesystem::exists(halves / "out.stats"));
}

TEST(CommandStats, ShowTellsRowsClassesAndColumns) {
  const Halves halves;
  const nlohmann::json object = run({"stats", "show", halves.first, "--format", "json"}).json();
  EXPECT_EQ(object["command"], "stats show");
  EXPECT_EQ(object["version"], culogme::version());
  EXPECT_EQ(object["task"], "classification");
  EXPECT_EQ(object["rows"], 30);
  EXPECT_EQ(object["features"], 6);
  EXPECT_EQ(object["precision"], "auto");
  EXPECT_EQ(object["targets"].dump(),
            R"([{"name":"0","rows":8},{"name":"1","rows":8},{"name":"2","rows":7},{"name":"3","rows":7}])");
  const std::string table = run({"stats", "show", halves.first}).out;
  for (const char* word : {"first.stats", "30", "6", "4 classes"}) {
    EXPECT_NE(table.find(word), std::string::npos) << table;
  }
  EXPECT_EQ(run({"stats", "show", halves.first, "--format", "csv"}).out, "name,rows\n0,8\n1,8\n2,7\n3,7\n");
}

TEST(CommandStats, DamagedAndMissingFilesAreNamed) {
  const Halves halves;
  std::string bytes = read_file(halves.first);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  write_file(halves / "flipped.stats", bytes);
  write_file(halves / "cut.stats", read_file(halves.first).substr(0, bytes.size() - 1));
  for (const char* name : {"flipped.stats", "cut.stats", "none.stats"}) {
    expect_error(run({"stats", "show", halves / name}), 3, {name});
    expect_error(run({"stats", "merge", halves / "out.stats", halves.first, halves / name}), 3, {name});
  }
  expect_error(run({"score", halves / "flipped.stats"}), 3, {"flipped.stats"});
  EXPECT_FALSE(std::filesystem::exists(halves / "out.stats"));
}

TEST(CommandStats, APipeIsNoStatisticsFileAndIsNotWaitedFor) {
  const Halves halves;
  ASSERT_EQ(::mkfifo((halves / "fifo").c_str(), 0600), 0);
  expect_error(run({"stats", "show", halves / "fifo"}), 3, {"fifo is a pipe, no statistics file"});
  expect_error(run({"stats", "merge", halves / "out.stats", halves.first, halves / "fifo"}), 3, {"fifo is a pipe"});
  expect_error(run({"stats", "add", halves / "fifo", halves / "f.npy", "--labels", halves / "l.npy"}), 3,
               {"fifo is a pipe"});
  expect_error(run({"stats", "show", "/dev/zero"}), 3, {"/dev/zero is a device, no statistics file"});
}

TEST(CommandStats, SubtractingRowsThatWereNeverAddedIsRefused) {
  Halves halves;
  Sample far = make_sample(20, 6, 4);
  for (double& value : far.features) value *= 100;
  halves.add(far, halves / "far.stats");
  expect_error(run({"stats", "subtract", halves / "out.stats", halves.whole, halves / "far.stats"}), 1,
               {"far.stats", "whole.stats", "never added"});
  EXPECT_FALSE(std::filesystem::exists(halves / "out.stats"));
}

TEST(CommandStats, StatisticsHoldTheirLabels) {
  const Halves halves;
  expect_error(run({"score", halves.first, "--labels", halves / "l.npy"}), 2, {"first.stats", "--labels"});
  expect_error(run({"score", halves.first, "--task", "regression"}), 2, {"first.stats", "classification"});
  expect_error(run({"score", halves.first, "--precision", "f64"}), 2, {"--precision", "stats add"});
  expect_error(run({"score", halves.first, halves.second}), 2, {"stats merge"});
}

TEST(CommandStats, ScoreIsThatOfTheLibrary) {
  const Halves halves;
  culogme::Engine engine;
  culogme::ScoreOptions options;
  options.intercept = culogme::Intercept::on;
  const culogme::Score expected =
      culogme::score(culogme::Statistics::load(engine, std::filesystem::path(halves.whole)), options);
  const nlohmann::json object = run({"score", halves.whole, "--intercept", "on", "--format", "json"}).json();
  EXPECT_EQ(object["score"], expected.value);
  EXPECT_EQ(object["rows"], 80);
}

}  // namespace
}  // namespace command_tests
