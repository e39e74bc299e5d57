#pragma once

namespace culogme::command {

/// OpenBLAS chooses its kernel while the program is loaded, and takes its oldest one on processors newer than itself:
/// several times slower. Then the program starts once more with a variable that names a better one. Whoever sets
/// OPENBLAS_CORETYPE chooses for himself; `info` shows what OpenBLAS chose. Call it before anything else.
void start_with_better_kernel(int argc, char** argv);

}  // namespace culogme::command
