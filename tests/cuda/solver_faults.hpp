#pragma once

#include <cstddef>
#include <cstdint>

namespace support {

/// What cuSOLVER's eigensolver, singular values and QR do in this program from now on, instead of its work or after it.
/// The functions stand in for the library's (solver_faults.cpp) and call those.
enum class SolverFault : std::uint8_t {
  none,
  large_workspace,  ///< the query answers `workspace_bytes`
  refused_query,    ///< the query answers "invalid value"
  wrong_vector,     ///< success, but the (left) vector of the smallest value is zero
  swapped_vectors,  ///< success, but the first and the last (left) vector are exchanged
  negated_vectors,  ///< all vectors have the other sign, which is as right
  info,             ///< info says that it did not converge
  qr_info,          ///< the first QR of a tile says that an argument is wrong, the later ones nothing
  turn_info,        ///< the same of the product with Q'
};

struct SolverFaults {
  SolverFault fault = SolverFault::none;
  std::size_t workspace_bytes = 0;
  int calls = 0;  ///< of the function that the fault is about
};
SolverFaults& solver_faults();

/// A fault for one scope.
class WithSolverFault {
 public:
  explicit WithSolverFault(SolverFault fault, std::size_t workspace_bytes = 0) {
    solver_faults() = {fault, workspace_bytes, 0};
  }
  ~WithSolverFault() { solver_faults() = {}; }
  WithSolverFault(const WithSolverFault&) = delete;
  WithSolverFault& operator=(const WithSolverFault&) = delete;
};

}  // namespace support
