#pragma once

#include <string>
#include <vector>

namespace culogme::detail {

/// A regular file of a folder that holds arrays by its name (.npy, .npz, .safetensors; hidden files are left out).
struct ArrayFile {
  std::string path;
  std::string stem;  ///< the file's name without the extension
};

/// Array files of a folder in natural order. Throws FileError with the system's reason.
std::vector<ArrayFile> list_array_files(const std::string& folder);

/// The shards of a folder in natural order: NAME_0.npy NAME_1.npy ..., all of one NAME, or a single file. Throws
/// FileError for none, for a number twice and for several names, which are listed.
std::vector<std::string> list_shard_folder(const std::string& folder);

/// The numbers between the first and the last shard that none has, for messages: "no shard 3", "no shards 3, 7"; empty
/// where none is missing.
std::string missing_shards(const std::vector<std::string>& paths);

}  // namespace culogme::detail
