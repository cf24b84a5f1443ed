#!/bin/bash
# Installs what is missing, builds with gcc and clang, and runs all tests: everything once in a release build,
# unit and chain tests again under address+undefined and under thread sanitizers, each fuzz target for a while.
#   FEP_FUZZ_SECONDS=15        time of each fuzz target
#   FEP_TEST_UNPRIVILEGED=1    skip tests that need root instead of failing them
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
export FEP_FUZZ_SECONDS=${FEP_FUZZ_SECONDS:-15}
export CTEST_OUTPUT_ON_FAILURE=1
STARTED=$SECONDS

step ()
{
    echo "==== $* ($((SECONDS - STARTED)) s)"
}

build ()
{
    cmake --preset "$1" >"build-$1.log" 2>&1 || { cat "build-$1.log"; exit 1; }
    cmake --build --preset "$1" >>"build-$1.log" 2>&1 || { tail -n 60 "build-$1.log"; exit 1; }
    rm -f "build-$1.log"
}

step "packages"
./packages.sh packages.txt packages-test.txt

step "release, gcc"
build release
step "clang"
build clang
step "tests: units, chain, system, lint"
ctest --test-dir build -j 2 --timeout 600

step "address and undefined behaviour"
build asan
ctest --test-dir build-asan -L unit -j 2
step "threads"
build tsan
TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp second_deadlock_stack=1" \
    ctest --test-dir build-tsan -L unit -j 2
step "fuzzing, $FEP_FUZZ_SECONDS s a target"
build fuzz
ctest --test-dir build-fuzz -L fuzz -j 2
step "all passed"
