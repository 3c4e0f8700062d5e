#!/usr/bin/env bash
# Prints the path of a kubectl that is new enough for the tests (1.29). Looks at $KUBECTL, then PATH, then .work/tools;
# else fetches Debian 13's package, signature checked by apt, and unpacks it there. It installs nothing in the system.
set -euo pipefail
cd "$(dirname "$0")/.."

oldest=29
tools="$PWD/.work/tools"
fetched="$tools/usr/bin/kubectl"
mirror="${DEBIAN_MIRROR:-http://deb.debian.org/debian}"

say() { printf 'kubectl: %s\n' "$*" >&2; }
stop() { say "$*"; say "or put kubectl 1.$oldest or newer on PATH, or its path into KUBECTL"; exit 1; }

minor_of() {
  "$1" version --client -o json 2>/dev/null | sed -n 's/.*"minor": *"\([0-9]*\).*/\1/p' | head -n 1
}

is_new_enough() {
  [ -n "$1" ] && [ -x "$1" ] || return 1
  local minor
  minor=$(minor_of "$1") || return 1
  [ "${minor:-0}" -ge "$oldest" ] && return 0
  say "$1 is 1.${minor:-?}, older than 1.$oldest: not used"
  return 1
}

for candidate in "${KUBECTL:+$(command -v "$KUBECTL" || true)}" "$(command -v kubectl || true)" "$fetched"; do
  if is_new_enough "$candidate"; then
    printf '%s\n' "$candidate"
    exit 0
  fi
done

say "none on PATH: fetching Debian 13's package kubectl from $mirror into .work/tools (16 MB, nothing is installed)"

scripts/fetch-package.sh kubectl trixie "$tools" || stop 'it cannot be fetched'
is_new_enough "$fetched" || stop "the kubectl of Debian 13 does not run here"
printf '%s\n' "$fetched"
