#include <culogme/error.hpp>
#include <culogme/io.hpp>

#include "io/convert.hpp"
#include "io/prefetch_reader.hpp"
#include "io/shard_folder.hpp"
#include "io/text.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>

namespace culogme {
namespace {

using detail::Array;
using detail::Shard;

constexpr std::size_t smallest_piece = std::size_t{4} << 20;
constexpr std::size_t largest_piece = std::size_t{1} << 30;
// A block of rows of a matrix in column order is one piece per column: larger blocks make longer pieces.
constexpr std::size_t column_order_piece = std::size_t{64} << 20;

/// `gaps`: of the folders, what is said where numbers are missing.
std::vector<Shard> list_shards(const std::vector<std::string>& specs, std::string& gaps) {
  std::vector<Shard> shards;
  for (const std::string& spec : specs) {
    const detail::Spec parsed = detail::parse_spec(spec);
    std::error_code ignored;  // what cannot be looked at is opened as a file, which names the reason
    if (parsed.member.empty() && parsed.path != "-" && std::filesystem::is_directory(parsed.path, ignored)) {
      const std::vector<std::string> paths = detail::list_shard_folder(parsed.path);
      for (const std::string& path : paths)
        shards.push_back({{path, ""}, detail::shown(std::filesystem::path(path).filename().string()), 0});
      if (gaps.empty()) gaps = detail::missing_shards(paths);
    } else {
      shards.push_back({parsed, detail::shown(spec == "-" ? "standard input" : spec), 0});
    }
  }
  return shards;
}

std::string shape_sentence(const std::string& name, std::int64_t cols) {
  return name + " has " + std::to_string(cols) + (cols == 1 ? " column" : " columns");
}

}  // namespace

std::unique_ptr<FeatureReader> open_features(const std::string& spec, const ReadOptions& options) {
  return open_features(std::vector<std::string>{spec}, options);
}

std::unique_ptr<FeatureReader> open_features(const std::vector<std::string>& specs, const ReadOptions& options) {
  if (specs.empty()) throw InvalidArgument("no features are named");
  detail::MatrixInfo info;
  info.name = detail::shown(specs.front() == "-" ? "standard input" : specs.front());
  if (specs.size() > 1) info.name += " and " + std::to_string(specs.size() - 1) + " more";
  std::string gaps;
  info.shards = list_shards(specs, gaps);
  // A shard that was lost shows in the number of rows, and the message about that is where it has to be said.
  if (!gaps.empty()) info.name += " (" + gaps + ")";
  info.piece_bytes = std::clamp(options.read_ahead, smallest_piece, largest_piece);
  Array first;
  for (Shard& shard : info.shards) {
    Array array = detail::open_feature_array(shard.spec, options);
    const bool is_first = &shard == &info.shards.front();
    const auto cols = static_cast<std::int64_t>(array.shape[1]);
    shard.rows = static_cast<std::int64_t>(array.shape[0]);
    if (!is_first && cols != info.cols) {
      throw InvalidArgument("the shards have different widths: " + shape_sentence(info.shards.front().name, info.cols) +
                            ", " + shape_sentence(shard.name, cols));
    }
    if (shard.rows > std::numeric_limits<std::int64_t>::max() - info.rows) {
      throw InvalidArgument(info.name + " has more rows in all than can be counted");
    }
    if (!is_first && !array.bytes->rewind()) {
      throw InvalidArgument(shard.name + " is a pipe, which can only be the first of several shards");
    }
    info.rows += shard.rows;
    info.cols = cols;
    info.scalar = is_first ? detail::feature_scalar(array) : detail::widest(info.scalar, detail::feature_scalar(array));
    if (array.fortran) info.piece_bytes = std::max(info.piece_bytes, column_order_piece);
    if (is_first) first = std::move(array);
  }
  auto source = std::make_unique<detail::ShardRows>(info.shards, std::move(first), info.cols, info.scalar, options);
  return std::make_unique<detail::PrefetchReader>(std::move(info), std::move(source));
}

}  // namespace culogme
