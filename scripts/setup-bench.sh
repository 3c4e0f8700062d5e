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
ss iproute2
nghttpd nghttp2-server
valgrind valgrind
LIST
  [ -e /usr/include/stdio.h ] || echo libc6-dev
  [ -e /usr/include/openssl/ssl.h ] || echo libssl-dev
}

install_missing missing 'Only bench/ needs it'
