#!/usr/bin/env bash
# Makes the roots of the images without a container engine, by the very steps of image/Dockerfile in a debootstrapped Debian 13,
# and runs the quick start on them: every pod in its own root, read-only, as the images' user. Needs root, debootstrap and the
# network; takes minutes, so CI leaves it out. Writes below .work/image only.
#   scripts/image-rootfs.sh            KEEP=1 leaves the roots in .work/image/roots
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/.work/image
mirror="${DEBIAN_MIRROR:-http://deb.debian.org/debian}"

step() { printf '\n=== %s\n' "$*"; }
fail() { printf 'image-rootfs: %s\n' "$*" >&2; exit 1; }

outside() {
  [ "$(id -u)" -eq 0 ] || fail 'this needs root: debootstrap, chroot and mount'
  for program in debootstrap unshare; do command -v "$program" >/dev/null || fail "$program is missing: apt-get install it"; done
  mkdir -p "$work"
  rm -rf --one-file-system "$work/roots"
  mkdir -p "$work/roots"
  [ -n "${KEEP:-}" ] || trap 'rm -rf --one-file-system "$work/roots"' EXIT
  step 'bundles'
  node scripts/bundle.mjs
  step 'an empty Debian 13 (debootstrap, minbase)'
  [ -e "$work/trixie.tar" ] || debootstrap --variant=minbase --make-tarball="$work/trixie.tar" trixie "$work/download" "$mirror" >"$work/debootstrap.log" ||
    fail "debootstrap could not download: see $work/debootstrap.log"
  for name in engine controller run; do
    step "the image $name"
    local root=$work/roots/$name
    debootstrap --variant=minbase --unpack-tarball="$work/trixie.tar" trixie "$root" "$mirror" >"$work/debootstrap.log" || fail "debootstrap failed: see $work/debootstrap.log"
    printf 'deb %s main\n' "$mirror trixie" "$mirror trixie-updates" "${mirror%/debian}/debian-security trixie-security" >"$root/etc/apt/sources.list"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    [ ! -d /etc/apt/apt.conf.d ] || ! grep -rqs -i proxy /etc/apt/apt.conf.d || grep -rhs -i proxy /etc/apt/apt.conf.d >"$root/etc/apt/apt.conf.d/90proxy"
    unshare --mount --pid --fork --kill-child --propagation private "$0" --install "$name" "$root" >"$work/$name.log" 2>&1 || { tail -n 30 "$work/$name.log"; fail "the steps failed: see $work/$name.log"; }
    rmdir "$root/source/image" "$root/source/dist/image" "$root/source/dist" "$root/source"
    du -sh "$root" | cut -f1
    chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' nodejs nginx-light libnginx-mod-http-lua lua-cjson 2>/dev/null || true
    find "$root" -xdev -perm /6000 -type f | grep . && fail 'a program gives rights' || true
    [ ! -e "$root/opt/ingress-arbiter/node_modules" ] || fail 'there are node_modules'
    node -e 'const { components } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")); console.log(components.length, "components in its SBOM")' "$root/usr/share/doc/ingress-arbiter/sbom.cdx.json"
  done
  step 'the quick start on them'
  IMAGES=$work/roots scripts/quick-start.sh
  step 'and one process for both'
  IMAGES=$work/roots OVERLAY=single scripts/quick-start.sh
}

install_in() {
  local name=$1 root=$2
  mount -t proc proc "$root/proc"
  # What the Dockerfile's build context has, and not the roots, which would be in themselves.
  for part in image dist/image; do
    mkdir -p "$root/source/$part"
    mount --bind "$PWD/$part" "$root/source/$part"
  done
  exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin http_proxy="${http_proxy:-}" SNAPSHOT="${SNAPSHOT:-}" \
    chroot "$root" /source/image/install.sh "$name" "/source/dist/image/$name"
}

if [ "${1:-}" = --install ]; then install_in "$2" "$3"; else outside; fi
