#pragma once

#include "kernels/launch.hpp"

namespace culogme::kernels {

// The joint sums of LEEP and NCE. Contracts as in launch.hpp. C: target classes, Z: source classes. Sums run in the
// order of the rows, additions only, so their bits are those of the CPU backend (src/cpu/source.cpp), however rows are
// cut.

/// A tile of probabilities or logits, at most most_tile_rows rows. `rows.cols` is Z + 1: the place after the values
/// stands for the sum of the row, and the label comes last.
struct SourceTile {
  RawRows rows;
  std::int64_t source_classes = 0;
  bool logits = false;
  double tolerance = 0;  ///< of sums of rows, and of values above 1
};

/// Looks at every row by one warp: values, sum, label. For logits also what makes them probabilities.
///   largest, total [rows]: written for logits: theta = exp(value - largest) / total; else not used
///   counts [C][Z]: added to at (label, first place of the largest value); null: not counted
///   state: notes the first bad value
struct SourceRows {
  SourceTile tile;
  double* largest;
  double* total;
  unsigned long long* counts;
  SumsState* state;
};
void launch_source_rows(const SourceRows& arguments, CUstream_st* stream);

/// Where the rows of each class begin in a tile that launch_begin_tile sorted: offsets [C + 1], the last one is rows.
void launch_class_offsets(const std::int32_t* sorted_id, std::int64_t rows, std::int64_t classes, std::int32_t* offsets,
                          CUstream_st* stream);

/// Adds the rows of a tile to the joint sums, and reads the first bad value while its row is at hand.
///   joint [C][Z]: added to; largest, total: of launch_source_rows; sorted_row [rows], offsets [C + 1]
struct SourceJoint {
  SourceTile tile;
  const double* largest;
  const double* total;
  const std::int32_t* sorted_row;
  const std::int32_t* offsets;
  double* joint;
  SumsState* state;
};
void launch_source_joint(const SourceJoint& arguments, CUstream_st* stream);

/// Counts rows by (label, source label); rows where one is out of range are noted and left out. `cols` of the rows is
/// 1: the place of the source label.
///   source: [rows] std::int64_t or std::int32_t; counts [C][Z], class_rows [C]: added to
struct SourceLabels {
  RawRows rows;
  const void* source;
  bool source_wide;
  std::int64_t source_classes;
  unsigned long long* counts;
  unsigned long long* class_rows;
  SumsState* state;
};
void launch_source_labels(const SourceLabels& arguments, CUstream_st* stream);

/// conditional[y][z] = joint[y][z] / sum over y (ascending); 0 where that is 0.
void launch_condition(const double* joint, std::int64_t classes, std::int64_t source_classes, double* conditional,
                      CUstream_st* stream);

/// ln of the likelihood of every row, by one warp, then the sums over the classes in the order of the rows.
///   conditional [C][Z]; logs [rows] scratch; sums [C]: added to; sorted_row, offsets as above
struct SourceLikelihood {
  SourceTile tile;
  const double* conditional;
  const std::int32_t* sorted_row;
  const std::int32_t* offsets;
  double* logs;
  double* sums;
  SumsState* state;
};
void launch_source_likelihood(const SourceLikelihood& arguments, CUstream_st* stream);

}  // namespace culogme::kernels
