#pragma once

#include <cstddef>
#include <cstdint>

namespace support {

/// What cuSOLVER's eigensolver does in this program from now on, instead of its work or after it. The functions stand
/// in for the library's (solver_faults.cpp) and call those.
enum class SolverFault : std::uint8_t {
  none,
  large_workspace,  ///< the query answers `workspace_bytes`
  refused_query,    ///< the query answers "invalid value"
  wrong_vector,     ///< success, but the eigenvector of the smallest eigenvalue is zero
  swapped_vectors,  ///< success, but the first and the last eigenvector are exchanged
  negated_vectors,  ///< all eigenvectors have the other sign, which is as right
  info,             ///< info says that it did not converge
};

struct SolverFaults {
  SolverFault fault = SolverFault::none;
  std::size_t workspace_bytes = 0;
};
SolverFaults& solver_faults();

/// A fault for one scope.
class WithSolverFault {
 public:
  explicit WithSolverFault(SolverFault fault, std::size_t workspace_bytes = 0) {
    solver_faults() = {fault, workspace_bytes};
  }
  ~WithSolverFault() { solver_faults() = {}; }
  WithSolverFault(const WithSolverFault&) = delete;
  WithSolverFault& operator=(const WithSolverFault&) = delete;
};

}  // namespace support
