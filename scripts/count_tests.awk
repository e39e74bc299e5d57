# Counts what ran in a JUnit file of ctest: prints "PASSED FAILED SKIPPED".
#
# A GoogleTest program is one entry for ctest but many tests for a reader, and the cases runner and the package test end
# with "N passed, N failed, N skipped". Both kinds are counted from their output; any other entry counts as one.

function finish() {
  # A test that began and did not end took its program down.
  if (begun > ended) inner_failed += begun - ended
  if (inner_passed + inner_failed + inner_skipped == 0) {
    if (skip) inner_skipped = 1
    else if (status == "run") inner_passed = 1
  }
  # A time limit, or a program that is not there, leaves no line of its own.
  if (!skip && status != "run" && inner_failed == 0) inner_failed = 1
  passed += inner_passed
  failed += inner_failed
  skipped += inner_skipped
}

/<testcase / {
  inner_passed = inner_failed = inner_skipped = skip = begun = ended = 0
  status = $0
  sub(/.* status="/, "", status)
  sub(/".*/, "", status)
}
/<skipped / && /SKIP_/ { skip = 1 }
/\[ RUN      \] / { begun++ }
/\[(       OK|  FAILED |  SKIPPED) \] .* \([0-9]+ ms\)/ { ended++ }
/\[       OK \] .* \([0-9]+ ms\)/ { inner_passed++ }
/\[  FAILED  \] .* \([0-9]+ ms\)/ { inner_failed++ }
/\[  SKIPPED \] .* \([0-9]+ ms\)/ { inner_skipped++ }
/[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped/ {
  line = $0
  sub(/^.*>/, "", line)
  sub(/<.*$/, "", line)
  if (match(line, /[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped/)) {
    split(substr(line, RSTART, RLENGTH), word, " ")
    inner_passed += word[1]
    inner_failed += word[3]
    inner_skipped += word[5]
  }
}
/<\/testcase>/ { finish() }
END { printf "%d %d %d\n", passed, failed, skipped }
