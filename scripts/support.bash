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

# Sets cuda_here to the options that build for the card that is here and for no other: all architectures that releases
# have take minutes and change nothing here, and without a card the whole backend would.
set_cuda_here() {
  local capability
  capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2> /dev/null | head -n 1 | tr -dc 0-9 || true)
  if [[ -z $capability ]]; then
    cuda_here=(-D CULOGME_CUDA=OFF)
    return
  fi
  # A card that the compiler does not know runs PTX of an older one.
  if ! nvcc --list-gpu-arch 2> /dev/null | grep -qx "compute_$capability"; then capability=80; fi
  cuda_here=(-D CULOGME_CUDA=AUTO -D CMAKE_CUDA_ARCHITECTURES="$capability")
}
