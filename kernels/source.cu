#include "kernels/source.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {
namespace {

constexpr std::int64_t most_blocks = 1 << 30;
constexpr std::int64_t warps = source_threads / 32;

}  // namespace

void launch_source_rows(const SourceRows& a, CUstream_st* stream) {
  if (a.tile.rows.rows == 0) return;
  const unsigned blocks = blocks_for(a.tile.rows.rows, warps, most_blocks);
  with_scalar(a.tile.rows.scalar,
              [&](auto in) { source_rows_kernel<decltype(in)><<<blocks, source_threads, 0, stream>>>(a); });
  CULOGME_CHECK_LAUNCH("source_rows_kernel");
}

void launch_class_offsets(const std::int32_t* sorted_id, std::int64_t rows, std::int64_t classes, std::int32_t* offsets,
                          CUstream_st* stream) {
  class_offsets_kernel<<<blocks_for(rows + 1, source_threads, most_blocks), source_threads, 0, stream>>>(
      sorted_id, rows, classes, offsets);
  CULOGME_CHECK_LAUNCH("class_offsets_kernel");
}

void launch_source_joint(const SourceJoint& a, CUstream_st* stream) {
  if (a.tile.rows.rows == 0) return;
  const dim3 grid(blocks_for(a.tile.source_classes, source_threads, most_blocks), blocks_for(a.tile.rows.targets, 1));
  with_scalar(a.tile.rows.scalar, [&](auto in) {
    using In = decltype(in);
    if (a.tile.logits)
      source_joint_kernel<In, true><<<grid, source_threads, 0, stream>>>(a);
    else
      source_joint_kernel<In, false><<<grid, source_threads, 0, stream>>>(a);
  });
  CULOGME_CHECK_LAUNCH("source_joint_kernel");
}

void launch_source_labels(const SourceLabels& a, CUstream_st* stream) {
  if (a.rows.rows == 0) return;
  source_labels_kernel<<<blocks_for(a.rows.rows, source_threads, most_blocks), source_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("source_labels_kernel");
  read_bad_labels_kernel<<<1, 1, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("read_bad_labels_kernel");
}

void launch_condition(const double* joint, std::int64_t classes, std::int64_t source_classes, double* conditional,
                      CUstream_st* stream) {
  condition_kernel<<<blocks_for(source_classes, source_threads, most_blocks), source_threads, 0, stream>>>(
      joint, classes, source_classes, conditional);
  CULOGME_CHECK_LAUNCH("condition_kernel");
}

void launch_source_likelihood(const SourceLikelihood& a, CUstream_st* stream) {
  if (a.tile.rows.rows == 0) return;
  const unsigned blocks = blocks_for(a.tile.rows.rows, warps, most_blocks);
  with_scalar(a.tile.rows.scalar,
              [&](auto in) { source_likelihood_kernel<decltype(in)><<<blocks, source_threads, 0, stream>>>(a); });
  CULOGME_CHECK_LAUNCH("source_likelihood_kernel");
  class_logs_kernel<<<blocks_for(a.tile.rows.targets, source_threads, most_blocks), source_threads, 0, stream>>>(a);
  CULOGME_CHECK_LAUNCH("class_logs_kernel");
}

}  // namespace culogme::kernels
