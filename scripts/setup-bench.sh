#!/usr/bin/env bash
# Makes sure that what the benchmarks compare with and measure with is there: other proxies, load generators, a C compiler and
# valgrind, all from Debian. Only bench/ needs it. It does nothing when nothing is missing, and starts no service.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian-packages.sh

say() { printf 'setup-bench: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

missing() {
  local program package
  while read -r program package; do
    PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || echo "$package"
  done <<'LIST'
haproxy haproxy
caddy caddy
wrk wrk
h2load nghttp2-client
cc gcc
valgrind valgrind
LIST
  [ -e /usr/include/stdio.h ] || echo libc6-dev
}

packages=$(missing | tr '\n' ' ')
packages=${packages% }
[ -n "$packages" ] || exit 0
command -v apt-get >/dev/null || stop "this is not Debian, and something is missing that is there called: $packages"
if [ "$(id -u)" -ne 0 ]; then
  printf 'setup-bench: run this, then start again:\n\n  sudo apt-get update && sudo apt-get install --no-install-recommends %s\n\n' "$packages" >&2
  exit 1
fi
say "installing Debian's packages $packages; no service is started"
export DEBIAN_FRONTEND=noninteractive
mkdir -p .work
apt_get update || stop 'apt-get update failed; this needs a Debian mirror in /etc/apt'
# shellcheck disable=SC2086
without_services apt_get install --no-install-recommends $packages || stop 'apt-get install failed'
packages=$(missing | tr '\n' ' ')
[ -z "$packages" ] || stop "still missing after that: ${packages% }"
