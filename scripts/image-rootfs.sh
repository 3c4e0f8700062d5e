#!/usr/bin/env bash
# Builds image/Dockerfile without a container engine's daemon: buildah, on a debootstrapped Debian 13 as its base. Then the quick
# start runs on the images: every pod in the root of its image, read-only, as the image's user. Needs root, debootstrap, buildah
# and the network; takes minutes, so CI leaves it out. Writes below .work/image only.
#   scripts/image-rootfs.sh            KEEP=1 leaves the roots in .work/image/roots
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/.work/image
mirror="${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
# A store of its own, without overlays: what is built here leaves no trace on the machine.
images=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs)
base=localhost/debian:trixie

step() { printf '\n=== %s\n' "$*"; }
fail() { printf 'image-rootfs: %s\n' "$*" >&2; exit 1; }

clear_up() {
  "${images[@]}" umount --all >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work/storage" "$work/run"
  [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$work/roots"
}

# Debian's own image of the same name is made by the same program; registries of images are not asked here.
make_base() {
  local container root
  [ -e "$work/trixie.tar" ] || debootstrap --variant=minbase --make-tarball="$work/trixie.tar" trixie "$work/download" "$mirror" >"$work/debootstrap.log" ||
    fail "debootstrap could not download: see $work/debootstrap.log"
  container=$("${images[@]}" from scratch)
  root=$("${images[@]}" mount "$container")
  debootstrap --variant=minbase --unpack-tarball="$work/trixie.tar" trixie "$root" "$mirror" >"$work/debootstrap.log" || fail "debootstrap failed: see $work/debootstrap.log"
  printf 'deb %s main\n' "$mirror trixie" "$mirror trixie-updates" "${mirror%/debian}/debian-security trixie-security" >"$root/etc/apt/sources.list"
  [ ! -d /etc/apt/apt.conf.d ] || ! grep -rqs -i proxy /etc/apt/apt.conf.d || grep -rhs -i proxy /etc/apt/apt.conf.d >"$root/etc/apt/apt.conf.d/90proxy"
  "${images[@]}" commit --quiet --rm "$container" "$base" >/dev/null
}

# $1 the target of the Dockerfile, $2 the name of the image
build() {
  "${images[@]}" build --isolation chroot --layers=false --timestamp 0 --build-arg BASE="$base" --build-arg REVISION="$(git rev-parse HEAD)" \
    --file image/Dockerfile --target "$1" --tag "$2" . >"$work/$1.log" 2>&1 || { tail -n 30 "$work/$1.log"; fail "it can't be built: see $work/$1.log"; }
}

# $1 the image, $2 the folder that its root is copied to
unpack() {
  local container
  container=$("${images[@]}" from --pull-never "$1")
  cp -a "$("${images[@]}" mount "$container")" "$2"
  "${images[@]}" umount "$container" >/dev/null
  "${images[@]}" rm "$container" >/dev/null
}

# Every file with its content, mode and owner: what two builds have to agree on.
content_of() {
  (cd "$1" && find . -xdev -printf '%p %y %m %U %G %l\n' | LC_ALL=C sort && find . -xdev -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

check_image() {
  local name=$1 root=$work/roots/$1
  "${images[@]}" inspect --type image "$name" | node -e '
    const { User, Entrypoint, Labels, StopSignal } = JSON.parse(require("fs").readFileSync(0, "utf8")).OCIv1.config;
    console.log(`user ${User}, ${Entrypoint.join(" ")}, ${StopSignal}, version ${Labels["org.opencontainers.image.version"]}`);
    process.exit(User === "65532:65532" && StopSignal === "SIGTERM" && Labels["org.opencontainers.image.revision"] !== "unknown" ? 0 : 1)' || fail 'the image is not set up as it should be'
  du -sh "$root" | cut -f1
  chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' nodejs nginx-light libnginx-mod-http-lua lua-cjson 2>/dev/null || true
  find "$root" -xdev -perm /6000 -type f | grep . && fail 'a program gives rights' || true
  [ ! -e "$root/opt/ingress-arbiter/node_modules" ] || fail 'there are node_modules'
  node -e 'const { components } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")); console.log(components.length, "components in its SBOM")' "$root/usr/share/doc/ingress-arbiter/sbom.cdx.json"
}

[ "$(id -u)" -eq 0 ] || fail 'this needs root: debootstrap, chroot and mount'
for program in debootstrap buildah; do command -v "$program" >/dev/null || fail "$program is missing: apt-get install --no-install-recommends $program"; done
mkdir -p "$work"
clear_up
rm -rf --one-file-system "$work/roots"
mkdir -p "$work/roots"
trap clear_up EXIT
step 'bundles'
node scripts/bundle.mjs
step 'an empty Debian 13 (debootstrap, minbase)'
make_base
for name in engine controller run; do
  step "the image $name"
  build "$name" "$name"
  unpack "$name" "$work/roots/$name"
  check_image "$name"
done
step 'the image controller once more: the same files'
build controller again
unpack again "$work/roots/again"
diff <(content_of "$work/roots/controller") <(content_of "$work/roots/again") >"$work/difference.log" || { head -n 20 "$work/difference.log"; fail "two builds differ: see $work/difference.log"; }
content_of "$work/roots/again" | wc -l
rm -rf --one-file-system "$work/roots/again"
step 'the quick start on them'
IMAGES=$work/roots scripts/quick-start.sh
step 'and one process for both'
IMAGES=$work/roots OVERLAY=single scripts/quick-start.sh
