#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <culogme/source.hpp>
#include <culogme/statistics.hpp>

#include "options.hpp"

namespace culogme::command {

/// True where a regular file starts with the magic of statistics files. Pipes are not looked into: bytes taken from
/// them would be missing later.
bool is_statistics_file(const std::string& path);

/// The same for the files of SourceStatistics.
bool is_source_file(const std::string& path);

/// Tells whether a file was replaced or changed since; a missing file has an identity too.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = -1, seconds = 0, nanoseconds = 0;
  bool operator==(const FileIdentity&) const = default;
};
FileIdentity file_identity(const std::string& path);

/// A note where one of two files that are joined names its classes in words and the other has numbers for them: such
/// rows add up, but hardly ever to what is meant. Empty where there is nothing to say.
std::string naming_note(const std::string& added_file, const std::vector<std::string>& added,
                        const std::string& held_file, const std::vector<std::string>& held);

/// What `stats` subcommands print about the statistics in `path`.
std::string statistics_text(const std::string& command, const std::string& path, const Statistics& statistics,
                            Format format);

/// What `stats show` prints about source statistics.
std::string source_statistics_text(const std::string& path, const SourceStatistics& statistics, Format format);

}  // namespace culogme::command
