#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "command_files.hpp"
#include "command_process.hpp"

namespace command_tests {
namespace {

struct Input {
  Folder folder;
  std::vector<std::string> score;

  Input() {
    const Sample sample = make_sample(40, 5, 2);
    std::filesystem::create_directory(folder / "in");
    write_file(folder / "in/f.npy", npy(sample.features, 40, 5));
    write_file(folder / "in/l.npy", npy(sample.labels));
    score = {"score", folder / "in/f.npy", "--labels", folder / "in/l.npy", "--format", "csv"};
  }

  std::vector<std::string> with(const std::vector<std::string>& more) const {
    std::vector<std::string> words = score;
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST(CommandOutput, FileHoldsWhatStandardOutputWouldShow) {
  const Input input;
  const Outcome shown = run(input.score);
  const Outcome written = run(input.with({"--output", input.folder / "out.csv"}));
  EXPECT_EQ(written.code, 0) << written.text();
  EXPECT_EQ(written.out, "");
  EXPECT_EQ(read_file(input.folder / "out.csv"), shown.out);
  EXPECT_EQ(input.folder.names(), (std::vector<std::string>{"in", "out.csv"}));
}

TEST(CommandOutput, FileIsLeftAloneOnFailure) {
  const Input input;
  write_file(input.folder / "out.csv", "before");
  write_file(input.folder / "in/f.npy", "no array");
  EXPECT_EQ(run(input.with({"--output", input.folder / "out.csv"})).code, 3);
  EXPECT_EQ(read_file(input.folder / "out.csv"), "before");
  EXPECT_EQ(run(input.with({"--output", input.folder / "new.csv"})).code, 3);
  EXPECT_EQ(input.folder.names(), (std::vector<std::string>{"in", "out.csv"}));
}

TEST(CommandOutput, IsMadeWhereALinkPointsToThoughNothingIsThereYet) {
  const Input input;
  std::filesystem::create_directory(input.folder / "results");
  std::filesystem::create_symlink("other", input.folder / "link.csv");
  std::filesystem::create_symlink("results/real.csv", input.folder / "other");
  EXPECT_EQ(run(input.with({"--output", input.folder / "link.csv"})).code, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(input.folder / "link.csv"));
  EXPECT_FALSE(read_file(input.folder / "results/real.csv").empty());
  std::filesystem::create_symlink("none/real.csv", input.folder / "nowhere");
  expect_error(run(input.with({"--output", input.folder / "nowhere"})), 3, {"/nowhere", "No such file"});
  std::filesystem::create_symlink("round", input.folder / "round");
  expect_error(run(input.with({"--output", input.folder / "round"})), 3, {"/round", "levels of symbolic links"});
}

TEST(CommandOutput, ReplacesThroughLinksAndKeepsTheMode) {
  const Input input;
  write_file(input.folder / "real.csv", "before");
  std::filesystem::permissions(input.folder / "real.csv", std::filesystem::perms(0640));
  std::filesystem::create_symlink("real.csv", input.folder / "link.csv");
  EXPECT_EQ(run(input.with({"--output", input.folder / "link.csv"})).code, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(input.folder / "link.csv"));
  EXPECT_NE(read_file(input.folder / "real.csv"), "before");
  EXPECT_EQ(std::filesystem::status(input.folder / "real.csv").permissions(), std::filesystem::perms(0640));
}

TEST(CommandOutput, PlacesThatCannotBeWrittenAreFoundBeforeTheWork) {
  const Input input;
  expect_error(run(input.with({"--output", input.folder / "none/out.csv"})), 3, {"none/out.csv", "No such file"});
  expect_error(run(input.with({"--output", input.folder / "in"})), 3, {"in", "folder"});
  expect_error(run(input.with({"--output", "-"})), 2, {"--output is -", "standard output"});
  std::filesystem::permissions(input.folder.path(), std::filesystem::perms(0555));
  std::filesystem::permissions(input.folder / "in", std::filesystem::perms(0755));
  Surroundings surroundings;
  surroundings.unprivileged = true;
  const Outcome outcome = run(input.with({"--output", input.folder / "out.csv"}), surroundings);
  if (outcome.code == 126) GTEST_SKIP() << "user 65534 cannot reach the command's folder";
  expect_error(outcome, 3, {"out.csv", "Permission denied"});
}

TEST(CommandOutput, FullDiskIsAnError) {
  const Input input;
  Surroundings full;
  full.output_file = "/dev/full";
  expect_error(run(input.score, full), 3, {"standard output", "No space left"});
  expect_error(run({"--help"}, full), 3, {"standard output", "No space left"});
  expect_error(run(input.with({"--output", "/dev/full"})), 3, {"/dev/full", "No space left"});
  Surroundings limited;
  limited.file_size_limit = 16;
  expect_error(run(input.with({"--output", input.folder / "out.csv"}), limited), 3, {"out.csv", "too large"});
  EXPECT_EQ(input.folder.names(), std::vector<std::string>{"in"});
}

TEST(CommandOutput, ClosedStandardOutputIsAnError) {
  const Input input;
  Surroundings closed;
  closed.close_output = true;
  expect_error(run(input.score, closed), 3, {"standard output"});
  EXPECT_EQ(run(input.with({"--output", input.folder / "out.csv"}), closed).code, 0);
  EXPECT_EQ(read_file(input.folder / "out.csv").rfind("name,logme,status,task,intercept\n", 0), 0U);
}

TEST(CommandOutput, ReaderThatWentAwayEndsItQuietly) {
  const Input input;
  Surroundings broken;
  broken.broken_output = true;
  const Outcome outcome = run(input.score, broken);
  EXPECT_EQ(outcome.signal, SIGPIPE) << outcome.text();
  EXPECT_EQ(outcome.err, "");
}

TEST(CommandOutput, WritesIntoAPipeByName) {
  const Input input;
  const std::string fifo = input.folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = read_file(fifo); });
  EXPECT_EQ(run(input.with({"--output", fifo})).code, 0);
  reader.join();
  EXPECT_EQ(got, run(input.score).out);
}

TEST(CommandOutput, ProgressIsShownOnATerminalOnly) {
  const Input input;
  Surroundings terminal;
  terminal.terminal = true;
  const Outcome shown = run(input.score, terminal);
  EXPECT_NE(shown.err.find("statistics"), std::string::npos) << shown.text();
  const std::string wipe = "\r\x1b[K";
  ASSERT_GE(shown.err.size(), wipe.size());
  EXPECT_EQ(shown.err.substr(shown.err.size() - wipe.size()), wipe) << shown.text();
  EXPECT_EQ(run(input.with({"--quiet"}), terminal).err, "");
  EXPECT_EQ(run(input.score).err, "");
}

TEST(CommandOutput, NamesCannotSteerTheTerminal) {
  const Input input;
  const std::string name = input.folder / "in/\x1b[31mred.npy";
  std::filesystem::copy(input.folder / "in/f.npy", name);
  const Outcome table = run({"score", name, "--labels", input.folder / "in/l.npy"});
  EXPECT_EQ(table.code, 0);
  EXPECT_EQ(table.out.find('\x1b'), std::string::npos);
  const Outcome error = run({"score", name + "\n", "--labels", input.folder / "in/l.npy"});
  expect_error(error, 3, {"red.npy"});
  EXPECT_EQ(error.err.find('\x1b'), std::string::npos);
}

TEST(CommandOutput, JsonReplacesBytesThatAreNoText) {
  const Input input;
  const std::string name = input.folder / "in/\xff.npy";
  std::filesystem::copy(input.folder / "in/f.npy", name);
  const Outcome outcome = run({"score", name, "--labels", input.folder / "in/l.npy", "--format", "json"});
  EXPECT_EQ(outcome.code, 0) << outcome.text();
  EXPECT_EQ(outcome.json()["rows"], 40);
}

}  // namespace
}  // namespace command_tests
