#pragma once

namespace culogme::command {

/// OpenBLAS chooses its kernel while the program is loaded, and takes its oldest one on processors newer than itself:
/// several times slower. Then the program starts once more with a variable that names a better one; what
/// OPENBLAS_CORETYPE names already is left alone. Call it before anything else. The benchmarks do as the command does.
void start_with_better_kernel(char** argv);

}  // namespace culogme::command
