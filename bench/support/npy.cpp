#include "support/npy.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace culogme::bench {

NpyWriter::NpyWriter(const std::filesystem::path& path, const char* descr, std::int64_t rows, std::int64_t cols)
    : path_(path), file_(path, std::ios::binary) {
  const std::string shape = std::to_string(rows) + (cols > 0 ? ", " + std::to_string(cols) : ",");
  std::string header = std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr std::size_t fixed = 10;  // magic, version, length
  while ((fixed + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  const char length[2] = {static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  file_.write("\x93NUMPY\x01\x00", 8);
  file_.write(length, 2);
  write(header.data(), header.size());
}

void NpyWriter::write(const void* data, std::size_t bytes) {
  file_.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  if (!file_) throw std::runtime_error("cannot write " + path_.string());
}

void NpyWriter::finish() {
  file_.close();
  if (!file_) throw std::runtime_error("cannot write " + path_.string());
}

TemporaryFolder::TemporaryFolder(const std::filesystem::path& parent) {
  std::string name = (parent / "culogme_bench_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("cannot make a folder in " + parent.string() + ": " + std::strerror(errno));
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // a destructor has no one to tell; the folder is temporary anyway
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace culogme::bench
