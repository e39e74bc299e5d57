#include <gtest/gtest.h>

#include <csignal>
#include <culogme/culogme.hpp>
#include <regex>
#include <sstream>

#include "check.hpp"
#include "groups.hpp"

namespace culogme::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

struct Pair {
  std::string features, labels;
};

std::vector<std::string> add_arguments(const std::string& file, const Pair& pair) {
  return {"stats",          "add",         file, pair.features, "--labels", pair.labels, "--task",
          "classification", "--precision", "f64"};
}

void add(const Case& value, const std::string& file, const Pair& pair) {
  const Result result = run(start_command(value, add_arguments(file, pair)));
  ASSERT_EQ(result.exit_code, 0) << described(result);
}

void expect_statistics_score(const Case& value, const std::string& file) {
  const Result result = run(start_command(value, {"score", file, "--intercept", "off", "--format", "json"}));
  expect_score(value, value.expected, expect_json(result), false);
}

/// "for K = 10, 0, 2, 1 into four statistics, merge them in that order, score": merging in the other order gives the
/// same.
void run_merge(const Case& value, const std::smatch& match) {
  ScratchFolder scratch;
  const Case local = moved(value, scratch.path());
  const auto file_of = [](std::string pattern, const std::string& number) {
    return pattern.replace(pattern.find('K'), 1, number);
  };
  std::vector<std::string> parts;
  const std::string numbers = std::regex_replace(match[3].str(), std::regex(","), " ");
  for (const std::string& number : split_words(numbers)) {
    parts.push_back("part_" + number + ".stats");
    add(local, parts.back(), {file_of(match[1], number), file_of(match[2], number)});
  }
  std::vector<std::string> arguments{"stats", "merge", "whole.stats"};
  arguments.insert(arguments.end(), parts.begin(), parts.end());
  ASSERT_EQ(run(start_command(local, arguments)).exit_code, 0);
  expect_statistics_score(local, "whole.stats");
  arguments = {"stats", "merge", "reversed.stats"};
  arguments.insert(arguments.end(), parts.rbegin(), parts.rend());
  ASSERT_EQ(run(start_command(local, arguments)).exit_code, 0);
  expect_statistics_score(local, "reversed.stats");
}

/// The second shard does not fit: the statistics stay as they were after the first.
void run_misfit(const Case& value, const Pair& first, const Pair& second) {
  ScratchFolder scratch;
  const Case local = moved(value, scratch.path());
  add(local, "S.stats", first);
  const std::string before = read_bytes(scratch.path() / "S.stats");
  expect_error(local, value.expected.at("error"), run(start_command(local, add_arguments("S.stats", second))));
  EXPECT_EQ(read_bytes(scratch.path() / "S.stats"), before);
}

/// "accumulate A and B with their labels, subtract B with its labels, score".
void run_subtract(const Case& value) {
  ScratchFolder scratch;
  const Case local = moved(value, scratch.path());
  static const std::regex operation(
      R"(accumulate (\S+) and (\S+) with their labels, subtract (\S+) with its labels, score)");
  std::smatch match;
  ASSERT_TRUE(std::regex_match(value.operation, match, operation)) << value.operation;
  // The folder may be left out in the words; the labels of img_emb_K are labels_K. files holds them in pairs.
  const auto pair_of = [&](const std::string& name) -> Pair {
    for (std::size_t i = 0; i + 1 < value.files.size(); i += 2) {
      if (fs::path(value.files[i]).filename() == fs::path(name).filename()) return {value.files[i], value.files[i + 1]};
    }
    throw std::runtime_error("no file " + name);
  };
  add(local, "whole.stats", pair_of(match[1]));
  add(local, "whole.stats", pair_of(match[2]));
  add(local, "part.stats", pair_of(match[3]));
  const Result result = run(start_command(local, {"stats", "subtract", "rest.stats", "whole.stats", "part.stats"}));
  ASSERT_EQ(result.exit_code, 0) << described(result);
  expect_statistics_score(local, "rest.stats");
}

/// Kills at every change of the folder, and at many times: the file is the old one or the new one, and stays usable.
void run_kills(const Case& value, const Pair& pair) {
  ScratchFolder scratch;
  const Case local = moved(value, scratch.path());
  const fs::path folder = scratch.path() / "statistics";
  fs::create_directory(folder);
  const std::string target = (folder / "base.stats").string();
  add(local, target, pair);
  const std::string once = read_bytes(target);
  expect_statistics_score(local, target);
  add(local, target, pair);
  const std::string twice = read_bytes(target);
  ASSERT_NE(once, twice);
  const auto expect_whole = [&] {
    const std::string bytes = read_bytes(target);
    ASSERT_TRUE(bytes == once || bytes == twice) << "neither the old nor the new file";
  };
  int kills = 0;
  for (int at = 1; at <= 100; ++at) {
    SCOPED_TRACE("kill at change " + std::to_string(at));
    write_bytes(target, once);
    Start start = start_command(local, add_arguments(target, pair));
    inject(start, {"PATH=" + folder.string(), "KILL_AT=" + std::to_string(at)});
    const Result result = run(start);
    expect_whole();
    if (result.signal != SIGKILL) break;
    ++kills;
  }
  EXPECT_GE(kills, 2) << "saving was never seen to write and rename";
  milliseconds whole{0};
  for (int step = 0; step <= 40; ++step) {
    SCOPED_TRACE("kill at time step " + std::to_string(step));
    write_bytes(target, once);
    Process process(start_command(local, add_arguments(target, pair)));
    if (step == 0) {
      whole = process.finish().wall;
    } else {
      process.wait(whole * step / 36);
      process.send(SIGKILL);
      process.finish();
    }
    expect_whole();
  }
  write_bytes(target, once);
  add(local, target, pair);
  EXPECT_EQ(read_bytes(target), twice) << "what a kill left behind disturbs the next save";
}

std::string load_message(Engine& engine, const std::string& bytes) {
  std::istringstream stream(bytes);
  try {
    const Statistics statistics = Statistics::load(engine, stream);
  } catch (const FileError& error) {
    return error.what();
  }
  return "";
}

/// Every bit of the file by the library, some of them by the command.
void run_damage(const Case& value, const Pair& pair, bool cut) {
  ScratchFolder scratch;
  const Case local = moved(value, scratch.path());
  add(local, "base.stats", pair);
  const std::string whole = read_bytes(scratch.path() / "base.stats");
  expect_json(run(start_command(local, {"score", "base.stats", "--format", "json"})));
  Engine engine({.backend = Backend::cpu, .threads = 1});
  Result as_error;
  const auto expect_refused = [&](const std::string& bytes, bool by_command) {
    const std::string message = load_message(engine, bytes);
    ASSERT_NE(message, "") << "the damage was not found";
    as_error.exit_code = 3;
    as_error.error = "culogme: " + message + "\n";
    expect_error(local, value.expected.at("error"), as_error);
    if (!by_command) return;
    write_bytes(scratch.path() / "damaged.stats", bytes);
    expect_error(local, value.expected.at("error"), run(start_command(local, {"score", "damaged.stats"})));
  };
  if (cut) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      SCOPED_TRACE("first " + std::to_string(size) + " of " + std::to_string(whole.size()) + " bytes");
      // A piece of the head alone may no longer be known as a statistics file.
      if (size + 1 == whole.size()) expect_refused(whole.substr(0, size), true);
      ASSERT_NE(load_message(engine, whole.substr(0, size)), "");
      if (testing::Test::HasFailure()) return;
    }
    return;
  }
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    SCOPED_TRACE("bit " + std::to_string(bit) + " of " + std::to_string(8 * whole.size()));
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    expect_refused(bytes, bit % 509 == 0);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace

bool run_statistics_case(const Case& value) {
  std::smatch match;
  static const std::regex merge(
      R"(accumulate the pair \((\S+), (\S+)\) for K = ([0-9, ]+) into \w+ statistics, merge them in that order, score)");
  static const std::regex misfit(R"(accumulate \((\S+), (\S+)\), then \((\S+), (\S+)\) into the same statistics)");
  static const std::regex kills(R"(accumulate features=(\S+) labels=(\S+), save; save again .* kill .*; load)");
  if (std::regex_match(value.operation, match, merge)) {
    run_merge(value, match);
  } else if (std::regex_match(value.operation, match, misfit)) {
    run_misfit(value, {match[1], match[2]}, {match[3], match[4]});
  } else if (std::regex_match(value.operation, match, kills)) {
    run_kills(value, {match[1], match[2]});
  } else if (value.operation.find(", flip one bit anywhere in the file, load") != std::string::npos) {
    run_damage(value, {value.files.at(0), value.files.at(1)}, false);
  } else if (value.operation.find(", cut 1 byte off, load") != std::string::npos) {
    run_damage(value, {value.files.at(0), value.files.at(1)}, true);
  } else if (value.operation.find(", subtract ") != std::string::npos) {
    run_subtract(value);
  } else {
    return false;
  }
  return true;
}

}  // namespace culogme::test
