# Shared by the scripts of this folder: source it, do not run it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# scripts/setup puts a newer CMake here where the distribution's is too old.
PATH="$root/build/tools/bin:$PATH"

say() { printf '\n== %s\n' "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Builds are repeated with other options (sanitizers, package test), so a compiler cache pays where there is one.
use_compiler_cache() {
  if command -v ccache > /dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_CUDA_COMPILER_LAUNCHER=ccache
  fi
}

jobs=$(nproc)

# configure PRESET [OPTION...]: quiet when it succeeds, everything shown when it does not.
configure() {
  local preset=$1 log
  shift
  mkdir -p "build/$preset"
  log="build/$preset/configure.log"
  if ! cmake --preset "$preset" "$@" > "$log" 2>&1; then
    cat "$log" >&2
    return 1
  fi
}

# build PRESET [OPTION...]
build() {
  local preset=$1 log
  shift
  log="build/$preset/build.log"
  if ! cmake --build --preset "$preset" --parallel "$jobs" "$@" > "$log" 2>&1; then
    tail -n 100 "$log" >&2
    return 1
  fi
}
