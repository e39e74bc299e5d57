#include "kernels/evidence.cuh"

#include "kernels/launch.cuh"

namespace culogme::kernels {
namespace {

/// Dynamic shared memory up to which no opting in is needed on any device, with room for what the kernel has of its
/// own.
constexpr std::size_t plain_limit = std::size_t{40} << 10;

std::size_t static_bytes() {
  cudaFuncAttributes attributes{};
  detail::check(cudaFuncGetAttributes(&attributes, evidence_kernel<evidence_threads, false>),
                "cudaFuncGetAttributes(evidence_kernel)", __FILE__, __LINE__);
  return attributes.sharedSizeBytes;
}

template <int threads, bool streamed>
void launch(const EvidenceArguments& a, std::size_t bytes, CUstream_st* stream) {
  evidence_kernel<threads, streamed><<<blocks_for(a.targets, 1), threads, bytes, stream>>>(a);
  CULOGME_CHECK_LAUNCH("evidence_kernel");
}

}  // namespace

void launch_evidence(const EvidenceArguments& a, CUstream_st* stream) {
  if (a.targets == 0 || a.size == 0) return;
  const std::size_t bytes = 2 * sizeof(double) * static_cast<std::size_t>(a.size), own = static_bytes();
  if (bytes + own > a.shared_limit) {
    launch<evidence_threads, true>(a, 0, stream);
    return;
  }
  if (a.size <= most_of_warp) {
    launch<32, false>(a, bytes, stream);
    return;
  }
  // Always the device's limit, not `bytes`: the attribute belongs to the process, and another engine's thread may set
  // it between here and the launch.
  if (bytes > plain_limit)
    detail::check(
        cudaFuncSetAttribute(evidence_kernel<evidence_threads, false>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(a.shared_limit - own)),
        "cudaFuncSetAttribute(evidence_kernel)", __FILE__, __LINE__);
  launch<evidence_threads, false>(a, bytes, stream);
}

}  // namespace culogme::kernels
