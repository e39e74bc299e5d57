#pragma once

#include <cstdint>
#include <vector>

#include "cpu/split_product.hpp"
#include "cpu/tile.hpp"
#include "moments.hpp"

namespace culogme::detail {

/// Work for one tile: what is packed of it already, if anything, and the rows of a block that complete it, if any,
/// to be packed by the worker that takes the job.
template <class T>
struct TileJob {
  Tile<T>* packed = nullptr;
  const MatrixView* features = nullptr;
  const TargetView* targets = nullptr;
  std::int64_t first = 0, count = 0, first_row = 0;
};

/// What one worker owns: a chunk of packed rows, its product, its F'Y. Kept between calls, since fresh memory costs as
/// much as packing.
template <class T>
struct FoldScratch {
  Tile<T> tile;
  AlignedVector<T> gram;
  AlignedVector<double> cross;
  SplitScratch split;
  std::vector<std::int32_t> order;  ///< the tile's classes as they first appear, where class sums stand apart
  AlignedVector<double> widened;
};

/// The distinct ids as they first appear. Sums in this order do not change a bit when classes are renamed.
void list_classes(const std::vector<std::int32_t>& ids, std::int64_t classes, std::vector<std::int32_t>& order);

/// Adds the tiles to the moments: Gram matrix by the BLAS library, or in f32 on matrix tiles where there are any
/// (split_product.hpp), one product per tile and worker, class sums (where they stand apart: tile.hpp) or F'Y from the
/// same packed rows, sums across tiles in fp64 and in the order of the jobs. A chunk of rows and D^2 elements of T of
/// memory per worker. Throws the first job's BadData; the moments are of no use then.
template <class T>
void fold_tiles(Moments& into, const std::vector<TileJob<T>>& jobs, const Frame& frame,
                std::vector<FoldScratch<T>>& scratch);

/// Bytes of one worker's memory: its product, two tiles of packed rows, what products on matrix tiles take.
double worker_bytes(std::int64_t features, std::int64_t expected_rows, bool f32_products);

/// Rows of a tile for D features: as many as the products run at full speed with, fewer where a tile would pass 64 MB,
/// or where few rows in all would leave workers idle.
std::int64_t tile_rows(std::int64_t features, std::int64_t expected_rows);

}  // namespace culogme::detail
