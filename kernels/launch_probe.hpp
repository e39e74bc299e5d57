#pragma once

namespace culogme::kernels {

/// Looks for code of this build that the calling thread's current device can run, without launching anything: the
/// cudaError_t of cudaFuncGetAttributes for one kernel (all kernels are compiled for the same architectures). An error
/// stays in the runtime until the caller takes it off.
int image_status() noexcept;

}  // namespace culogme::kernels
