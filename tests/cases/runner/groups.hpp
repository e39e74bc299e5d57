#pragma once

#include "case.hpp"

namespace culogme::test {

// Each runs a case if its operation is one that it knows, and tells whether it was.
bool run_file_case(const Case& value);        ///< pipes, links, permissions, full disks, files that change
bool run_statistics_case(const Case& value);  ///< adding, merging, subtracting, damage, kills
bool run_machine_case(const Case& value);     ///< BLAS kernels, fork, memory limits, files of several GB

/// Cases for the CUDA backend: run where a GPU is and no fault has to be made in a CUDA library.
void run_cuda(const Case& value);

/// A score of a case as it stands, in both precisions, with further options.
void run_score(const Case& value, const std::vector<std::string>& arguments);

std::vector<std::string> split_words(const std::string& text);

/// The arguments with another value of an option that they hold.
std::vector<std::string> with_option(std::vector<std::string> arguments, const std::string& name,
                                     const std::string& option);

/// The case with copies of its files in another folder, which also becomes its folder.
Case moved(const Case& value, const std::filesystem::path& folder);

/// An .npy file with the rows of another one `times` times over (version 1, C order).
std::string repeated_npy(const std::string& npy, std::size_t times);

/// The number of elements along the first axis and the place where the data start, of such a file.
struct NpyLayout {
  std::size_t rows = 0, data = 0;
};
NpyLayout npy_layout(const std::string& npy);

}  // namespace culogme::test
