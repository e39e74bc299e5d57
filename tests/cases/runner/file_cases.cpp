#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <regex>
#include <sstream>

#include "check.hpp"
#include "groups.hpp"

namespace culogme::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

/// Makes what stands at F: "a folder", "a missing file", ... False for other words.
bool make_subject(const fs::path& path, const std::string& what) {
  if (what == "a folder") {
    fs::create_directory(path);
  } else if (what == "a loop of links") {
    fs::create_symlink("G", path);
    fs::create_symlink("F", path.parent_path() / "G");
  } else if (what == "a dangling link") {
    fs::create_symlink("nowhere", path);
  } else if (what == "a file without permission to read") {
    write_bytes(path, "\x93NUMPY");
    fs::permissions(path, fs::perms::none);
  } else if (what == "a socket") {
    if (::mknod(path.c_str(), S_IFSOCK | 0600, 0) != 0) throw std::runtime_error("mknod failed");
  } else {
    return what == "a missing file";
  }
  return true;
}

/// A pipe that gets the bytes of a file, at once or in pieces.
void run_pipe(const Case& value, const ScoreOperation& operation, const std::string& source) {
  ScratchFolder scratch;
  const Case local = moved(value, scratch.path());
  ASSERT_EQ(::mkfifo((scratch.path() / "F").c_str(), 0600), 0);
  for (const bool automatic : {false, true}) {
    PipeWriter writer(scratch.path() / "F", read_bytes(local.folder / source));
    const Result result =
        run(start_command(local, with_option(operation.arguments(), "--precision", automatic ? "auto" : "f64")));
    expect_answer(local, result, automatic);
  }
}

/// A pipe without a writer: refused at once, or waited for until Ctrl-C, which ends it with a sentence.
void run_silent_pipe(const Case& value, const ScoreOperation& operation) {
  ScratchFolder scratch;
  const Case local = moved(value, scratch.path());
  ASSERT_EQ(::mkfifo((scratch.path() / "F").c_str(), 0600), 0);
  Process process(start_command(local, operation.arguments()));
  if (process.wait(milliseconds(1500))) {
    expect_error(local, value.expected.at("one_of").at(0).at("error"), process.finish());
    return;
  }
  process.send(SIGINT);
  EXPECT_TRUE(process.wait(milliseconds(5000))) << "Ctrl-C does not end the wait for a writer";
  const Result& result = process.finish();
  EXPECT_EQ(result.signal, 0) << described(result);
  EXPECT_EQ(result.exit_code, 130) << described(result);
  EXPECT_EQ(result.error.rfind("culogme: ", 0), 0u) << described(result);
  EXPECT_EQ(result.output, "");
}

/// The file becomes shorter before its first, second, ... read. A cut before anything was read may be told as a file
/// that is short from the start.
void run_shrinking(const Case& value, const ScoreOperation& operation, const std::string& source, std::size_t times) {
  int cuts = 0;
  for (int at = 1; at <= 40; ++at) {
    SCOPED_TRACE("cut before read " + std::to_string(at));
    ScratchFolder scratch;
    const Case local = moved(value, scratch.path());
    write_bytes(scratch.path() / "F", repeated_npy(read_bytes(local.folder / source), times));
    write_bytes(scratch.path() / "labels.npy", repeated_npy(read_bytes(local.folder / operation.labels), times));
    Start start = start_command(local, with_option(operation.arguments(), "--labels", "labels.npy"));
    inject(start, {"PATH=" + (scratch.path() / "F").string(), "TRUNCATE_AT=" + std::to_string(at),
                   "LOG=" + (scratch.path() / "log").string()});
    const Result result = run(start);
    const std::string log = read_bytes(scratch.path() / "log");
    if (log.find("truncated") == std::string::npos) break;
    ++cuts;
    if (result.exit_code == 0) {
      // All that was needed had been read before.
      EXPECT_EQ(log.substr(log.find("truncated")).find("read"), std::string::npos) << described(result);
      continue;
    }
    expect_error(local, value.expected.at("error"), result);
  }
  EXPECT_GE(cuts, 1) << "the file was never read through read or pread";
}

/// Statistics on a file system without space: the old file stays, nothing lies beside it.
void expect_full(const Case& local, const fs::path& folder, const std::vector<std::string>& arguments,
                 const std::vector<std::string>& faults) {
  const fs::path target = folder / "base.stats";
  const std::string before = fs::exists(target) ? read_bytes(target) : "";
  Start start = start_command(local, arguments);
  if (!faults.empty()) inject(start, faults);
  const Result result = run(start);
  expect_error(local, local.expected.at("error"), result);
  EXPECT_EQ(result.exit_code, 3) << described(result);
  EXPECT_EQ(fs::exists(target) ? read_bytes(target) : "", before) << "the old file did not stay";
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(name == "base.stats" || name == "filler") << "a half-written file stays: " << name;
  }
}

void run_full_disk(const Case& value, const std::string& features, const std::string& labels) {
  ScratchFolder scratch;
  const Case local = moved(value, scratch.path());
  const fs::path folder = scratch.path() / "disk";
  fs::create_directory(folder);
  const std::string target = (folder / "base.stats").string();
  const std::vector<std::string> arguments{"stats", "add", target, features, "--labels", labels};
  {
    SCOPED_TRACE("no old file");
    expect_full(local, folder, arguments, {"PATH=" + folder.string(), "FULL_AT=0"});
    expect_full(local, folder, arguments, {"PATH=" + folder.string(), "FULL_AT=100"});
  }
  ASSERT_EQ(run(start_command(local, arguments)).exit_code, 0);
  const std::size_t size = fs::file_size(target);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, size / 2, size - 1}) {
    SCOPED_TRACE("full after " + std::to_string(bytes) + " of " + std::to_string(size) + " bytes");
    expect_full(local, folder, arguments, {"PATH=" + folder.string(), "FULL_AT=" + std::to_string(bytes)});
  }
  // A real file system, where mounting one is allowed.
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=16k,mode=0777") == 0) {
    SCOPED_TRACE("tmpfs");
    const Result fits = run(start_command(local, arguments));
    EXPECT_TRUE(fits.exit_code == 0 || fits.exit_code == 3) << described(fits);
    std::string filler(4096, 'x');
    std::ofstream file(folder / "filler", std::ios::binary);
    while (file << filler && file.flush()) continue;
    file.close();
    expect_full(local, folder, arguments, {});
    EXPECT_EQ(::umount(folder.c_str()), 0);
  }
  // The result itself, on standard output.
  Start start = start_command(local, {"score", features, "--labels", labels});
  start.standard_output = "/dev/full";
  expect_error(local, value.expected.at("error"), run(start));
}

/// Large files are read in pieces of 1 MiB and more, and never mapped.
void run_large_pieces(const Case& value) {
  ScratchFolder scratch;
  const Case local = moved(value, scratch.path());
  const std::size_t times = 1 << 14;
  const std::string bytes = repeated_npy(read_bytes(local.folder / value.files.at(0)), times);
  write_bytes(scratch.path() / "F", bytes);
  write_bytes(scratch.path() / "labels.npy", repeated_npy(read_bytes(local.folder / value.files.at(1)), times));
  Start start = start_command(local, {"score", "F", "--labels", "labels.npy", "--format", "json"});
  inject(start, {"PATH=" + (scratch.path() / "F").string(), "LOG=" + (scratch.path() / "log").string()});
  expect_json(run(start));
  std::istringstream log(read_bytes(scratch.path() / "log"));
  std::size_t large = 0;
  std::string what;
  for (std::size_t size; log >> what >> size;) {
    EXPECT_NE(what, "mmap") << "the features are mapped";
    if (what == "read" && size >= std::size_t{1} << 20) large += size;
  }
  EXPECT_GE(large + (std::size_t{1} << 20), bytes.size()) << "pieces of 1 MiB and more do not cover the file";
}

}  // namespace

bool run_file_case(const Case& value) {
  ScoreOperation operation;
  std::smatch match;
  if (value.operation == "score a file on a network disk") {
    run_large_pieces(value);
    return true;
  }
  static const std::regex full(
      R"(accumulate features=(\S+) labels=(\S+) and save the statistics to a file system without space)");
  if (std::regex_match(value.operation, match, full)) {
    run_full_disk(value, match[1], match[2]);
    return true;
  }
  if (!parse_score(value.operation, operation)) return false;
  static const std::regex filled(R"(, where F is a named pipe into which (\S+) is written)");
  static const std::regex cut(R"(, where F is a copy of (\S+) that is cut to half its size after it was opened)");
  static const std::regex subject(R"(, where F is (.*))");
  if (std::regex_match(operation.rest, match, filled)) {
    run_pipe(value, operation, match[1]);
  } else if (operation.rest == ", where F is a named pipe that nobody writes") {
    run_silent_pipe(value, operation);
  } else if (std::regex_match(operation.rest, match, cut)) {
    for (const std::size_t times : {std::size_t{1}, std::size_t{1} << 14}) {
      SCOPED_TRACE(std::to_string(times) + " times the rows");
      run_shrinking(value, operation, match[1], times);
    }
  } else if (operation.rest == ", where mmap fails for the file (ENODEV)") {
    for (const bool automatic : {false, true}) {
      Start start = start_command(value, with_option(operation.arguments(), "--precision", automatic ? "auto" : "f64"));
      inject(start, {"MMAP=1"});
      expect_answer(value, run(start), automatic);
    }
  } else if (std::regex_match(operation.rest, match, subject)) {
    ScratchFolder scratch;
    const Case local = moved(value, scratch.path());
    if (!make_subject(scratch.path() / "F", match[1])) return false;
    Start start = start_command(local, operation.arguments());
    start.without_privilege = true;
    expect_error(local, value.expected.at("error"), run(start));
  } else {
    return false;
  }
  return true;
}

}  // namespace culogme::test
