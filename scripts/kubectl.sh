#!/usr/bin/env bash
# Prints the path of a kubectl that is new enough for the tests (1.29). Looks at $KUBECTL, then PATH, then .work/tools;
# else fetches Debian 13's package, signature checked by apt, and unpacks it there. It installs nothing in the system.
set -euo pipefail
cd "$(dirname "$0")/.."

oldest=29
tools="$PWD/.work/tools"
fetched="$tools/usr/bin/kubectl"
mirror="${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

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

for program in apt-get dpkg-deb; do
  command -v "$program" >/dev/null || stop "none found, and without $program it cannot be fetched"
done
[ -r "$keyring" ] || stop "none found, and $keyring is missing (package debian-archive-keyring)"
say "none on PATH: fetching Debian 13's package kubectl from $mirror into .work/tools (16 MB, nothing is installed)"

# An apt of its own: sources, state and cache under .work/apt, so that the system's are neither read nor changed.
apt="$PWD/.work/apt"
rm -rf "$apt" "$tools"
mkdir -p "$apt"/{empty,lists/partial,cache/archives/partial} "$tools"
trap 'rm -rf "$apt"' EXIT
: >"$apt/status"
printf 'deb [signed-by=%s] %s trixie main\n' "$keyring" "$mirror" >"$apt/sources.list"
own=(-q -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=$apt/empty" -o "Dir::Etc::Preferences=$apt/none"
  -o "Dir::Etc::PreferencesParts=$apt/empty" -o "Dir::State=$apt" -o "Dir::State::Lists=$apt/lists" -o "Dir::State::status=$apt/status"
  -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o APT::Update::Error-Mode=any
  -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
apt-get "${own[@]}" update >&2 || stop "the mirror $mirror cannot be read (DEBIAN_MIRROR sets another one)"
(cd "$apt" && apt-get "${own[@]}" download kubectl >&2) || stop "the package kubectl cannot be fetched from $mirror"
dpkg-deb -x "$apt"/kubectl_*.deb "$tools" || stop 'the package kubectl cannot be unpacked'
is_new_enough "$fetched" || stop "the kubectl of Debian 13 does not run here"
printf '%s\n' "$fetched"
