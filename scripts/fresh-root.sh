#!/usr/bin/env bash
# Proves the README on a machine that has nothing: an empty Debian root with Node put in and `make` installed, a fresh
# clone, `make test`, then `make dev` until it answers and Ctrl-C. Needs root, debootstrap and the network; changes
# nothing outside of .work/fresh-root. Mounts and processes live in namespaces of their own and end with it.
#   scripts/fresh-root.sh [COMMIT]          TEST_TARGET=unit runs that target instead of test; SKIP_DEV=1 leaves dev out;
#                                           DEBIAN_RELEASE=trixie takes that Debian in place of this machine's
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
commit=${1:-HEAD}
work="$repository/.work/fresh-root"
mirror="${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
checkout=/opt/ingress-arbiter

step() { printf '\n=== %s\n' "$*"; }
fail() { printf 'fresh-root: %s\n' "$*" >&2; exit 1; }

# --- outside: build the root, run the inside in namespaces, remove the root -------------------------------------------
outside() {
  [ "$(id -u)" -eq 0 ] || fail 'this needs root: debootstrap, chroot and mount'
  for program in debootstrap git curl unshare; do command -v "$program" >/dev/null || fail "$program is missing: apt-get install it"; done
  local release
  release=${DEBIAN_RELEASE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
  mkdir -p "$work"
  root=$(mktemp -d "$work/root.XXXXXX")
  # Nothing can be mounted in it here: the mounts were made in a namespace that is gone by now.
  chmod 755 "$root"
  trap 'rm -rf --one-file-system "$root"' EXIT

  step "an empty Debian $release (debootstrap, minbase)"
  local tarball="$work/debootstrap-$release.tar"
  [ -e "$tarball" ] || debootstrap --variant=minbase --make-tarball="$tarball" "$release" "$root/download" "$mirror" >"$work/debootstrap.log" ||
    fail "debootstrap could not download: see $work/debootstrap.log"
  debootstrap --variant=minbase --unpack-tarball="$tarball" "$release" "$root" "$mirror" >"$work/debootstrap.log" ||
    fail "debootstrap failed: see $work/debootstrap.log"
  printf 'deb %s main\n' "$mirror $release" "$mirror $release-updates" "${mirror%/debian}/debian-security $release-security" >"$root/etc/apt/sources.list"

  step "Node $(node --version) and npm $(npm --version) put in, as this machine has them"
  put_node_in
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
  [ -z "${NODE_EXTRA_CA_CERTS:-}" ] || cp -L "$NODE_EXTRA_CA_CERTS" "$root/etc/network-ca.pem"

  step "a fresh clone of $(git -C "$repository" rev-parse --short "$commit")"
  git clone --quiet --no-local "$repository" "$root$checkout"
  git -C "$root$checkout" checkout --quiet --detach "$(git -C "$repository" rev-parse "$commit")"

  unshare --mount --pid --fork --kill-child --propagation private "$0" --inside "$root"
  step 'everything in the README worked'
}

put_node_in() {
  local modules
  modules=$(npm root -g)
  install -D "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -a "$modules/npm" "$root/usr/local/lib/node_modules/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
}

# --- inside the namespaces --------------------------------------------------------------------------------------------
in_root() {
  local name settings=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb)
  for name in http_proxy https_proxy no_proxy DEBIAN_MIRROR TEST_TARGET; do [ -z "${!name:-}" ] || settings+=("$name=${!name}"); done
  [ ! -e "$root/etc/network-ca.pem" ] || settings+=(NODE_EXTRA_CA_CERTS=/etc/network-ca.pem)
  exec env -i "${settings[@]}" chroot "$root" bash -c "cd $checkout && $1"
}

inside() {
  root=$1
  mount -t proc proc "$root/proc"
  mount --bind /dev "$root/dev"

  step 'the only thing to install: make'
  (in_root 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends make') >"$work/make.log" 2>&1 ||
    fail "make could not be installed: see $work/make.log"

  step "make ${TEST_TARGET:-test}"
  SECONDS=0
  (in_root "make ${TEST_TARGET:-test} </dev/null") || fail "make ${TEST_TARGET:-test} failed"
  echo "(in $SECONDS s)"
  no_process_left "make ${TEST_TARGET:-test}"
  [ -n "${SKIP_DEV:-}" ] || try_dev
}

try_dev() {
  step 'make dev'
  local host=alicek106.example.com
  : >"$work/dev.log"
  # A session of its own, so that SIGINT reaches what a Ctrl-C in a terminal reaches. Without job control bash starts
  # background commands with SIGINT ignored, which a child cannot undo: hence set -m.
  set -m
  (in_root 'make dev </dev/null') >"$work/dev.log" 2>&1 &
  local dev=$!
  set +m
  local waited=0
  until grep -q 'Everything is served' "$work/dev.log"; do
    kill -0 "$dev" 2>/dev/null || { cat "$work/dev.log"; fail 'make dev ended by itself'; }
    [ $((waited += 1)) -lt 300 ] || { cat "$work/dev.log"; fail 'make dev did not say within 60 s that it serves'; }
    sleep 0.2
  done
  cat "$work/dev.log"

  step 'what the README says to try'
  local bodies
  bodies=$(for _ in 1 2 3 4 5 6; do curl -sS --max-time 5 --noproxy '*' --resolve "$host:8080:127.0.0.1" "http://$host:8080/echo-hostname" -w '\n'; done)
  printf '%s\n' "$bodies" | grep -o '"pod":"[^"]*"\|"path":"[^"]*"' | paste - - | sort | uniq -c
  [ "$(grep -o '"pod":"[^"]*"' <<<"$bodies" | sort -u | wc -l)" = 3 ] || fail 'not all of the three endpoints answered'
  [ "$(grep -c '"path":"/"' <<<"$bodies")" = 6 ] || fail 'the backend did not see the path / each time'
  expect_code 200 "http://$host:8080/echo-hostname"
  expect_code 404 "http://$host:8080/another-path"
  expect_code 404 "http://other.example.com:8080/echo-hostname"
  expect_code 404 "http://$host:9080/echo-hostname"
  expect_code 200 "http://shop.example.com:8080/"
  expect_code 200 "http://shop.example.com:9080/"
  expect_code 404 "http://elsewhere.example.com:8080/"

  step 'Ctrl-C'
  SECONDS=0
  kill -INT -- "-$dev"
  wait "$dev" || true
  tail -n 4 "$work/dev.log"
  echo "(ended in $SECONDS s)"
  no_process_left 'make dev'
}

expect_code() {
  local address=${2#http://} code
  code=$(curl -s -o "$work/body" --max-time 5 --noproxy '*' --connect-to "::127.0.0.1:" -w '%{http_code}' "$2") || true
  printf '%s  %s\n' "$code" "$address"
  [ "$code" = "$1" ] || { cat "$work/body"; fail "$2 answered $code, not $1"; }
}

no_process_left() {
  local process left=''
  for process in "$root"/proc/[0-9]*; do
    [ "$(readlink "$process/root")" != "$root" ] || left+="$(tr '\0' ' ' <"$process/cmdline")"$'\n'
  done
  [ -z "$left" ] || fail "$1 left processes behind: $left"
  echo 'no process is left'
}

if [ "${1:-}" = --inside ]; then inside "$2"; else outside; fi
