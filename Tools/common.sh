# Sourced by the scripts beside it: goes to the repository, finds Swift, installs Debian packages.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v swift >/dev/null && [ -x /opt/swift/usr/bin/swift ]; then
  PATH="/opt/swift/usr/bin:$PATH"
fi
if ! command -v swift >/dev/null; then
  echo "Swift 6.2 or later is needed, in PATH or in /opt/swift: see https://www.swift.org/install/linux/" >&2
  exit 1
fi

# Shows a command, then runs it.
run() {
  echo "+ $*"
  "$@"
}

# Runs a command as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

is_installed() {
  [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints those of the packages that are missing.
missing_packages() {
  local package
  for package in "$@"; do
    is_installed "$package" || echo "$package"
  done
}

# Installs those of the packages that are missing; a machine that has them needs neither root nor a network.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  run as_root apt-get update --quiet
  run as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "${missing[@]}"
}

# Runs some tests under a sanitizer: test_under_sanitizer address|thread STORE|FUZZ TESTS [VARIABLE=VALUE ...].
#
# Only what they need is built: `CAMBIUM_STORE_ONLY` or `CAMBIUM_FUZZ_ONLY` leaves the rest out of the package. Stored
# objects come from plain malloc, since a sanitizer does not see into jemalloc's own entry points. The C++ library is loaded
# first, or its `new` would be that of jemalloc and its `free` that of the sanitizer.
test_under_sanitizer() {
  local sanitizer=$1 part=$2 tests=$3 options=()
  shift 3
  # The fuzzer is built for release: what it checks by itself it checks there too, and a million commands take minutes, not
  # hours.
  [ "$part" = STORE ] || options=(-c release -Xswiftc -enable-testing)
  run env "CAMBIUM_${part}_ONLY=1" CAMBIUM_PLAIN_MALLOC=1 LD_PRELOAD=libstdc++.so.6 SWIFT_BACKTRACE=enable=no \
    ASAN_OPTIONS=detect_leaks=1 TSAN_OPTIONS=halt_on_error=1 "$@" \
    swift test --disable-xctest --sanitize="$sanitizer" --scratch-path ".build-$sanitizer" "${options[@]}" --filter "$tests"
}
