#pragma once

/// A function that is compiled for the host and, where nvcc reads it, for the device as well: formulas and control flow
/// that both backends must share stand in one place.
#if defined(__CUDACC__)
#define CULOGME_HOST_DEVICE __host__ __device__
#else
#define CULOGME_HOST_DEVICE
#endif
