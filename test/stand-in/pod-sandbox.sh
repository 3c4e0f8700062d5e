#!/usr/bin/env bash
# One pod of the stand-in, started by pod.ts in network, mount, process and host-name namespaces of its own: an address, the
# image as a read-only root with the pod's volumes in it, then its program as its user with no privilege left.
# Arguments: variables and the program, as env takes them. Environment: STATE (the pod's folder), IMAGE (its root), ADDRESS, GATEWAY, ACCOUNT (uid), GROUP (gid).
set -euo pipefail

# Whoever started this says so when the other end of eth0 is connected.
read -r _
hostname "$(basename "$STATE")"
ip link set lo up
ip addr add "$ADDRESS/16" dev eth0
ip link set eth0 up
ip route add default via "$GATEWAY"

mkdir -p "$STATE/layer" "$STATE/root"
mount -t tmpfs -o mode=755 tmpfs "$STATE/layer"
mkdir "$STATE/layer/upper" "$STATE/layer/work"
root=$STATE/root
mount -t overlay overlay -o "lowerdir=$IMAGE,upperdir=$STATE/layer/upper,workdir=$STATE/layer/work" "$root"

mkdir -p "$root/proc" "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
for device in null zero full random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
for number in 0 1 2; do ln -s "/proc/self/fd/$number" "$root/dev/$(echo stdin stdout stderr | cut -d' ' -f$((number + 1)))"; done

# Each line: what, where, how.
while IFS=$'\t' read -r source target how; do
  # A link in the image leads to a place in the image and not on this machine.
  target=${target/#\/var\/run\//\/run\/}
  if [ -f "$source" ]; then
    mkdir -p "$(dirname "$root$target")"
    touch "$root$target"
  else
    mkdir -p "$root$target"
  fi
  if [ "$how" = empty ]; then
    mount -t tmpfs -o "mode=2775,gid=$GROUP" tmpfs "$root$target"
  else
    mount --bind "$source" "$root$target"
    mount -o remount,bind,ro "$root$target"
  fi
done <"$STATE/mounts"
mount -o remount,ro "$root"

exec chroot "$root" /usr/bin/setpriv --reuid "$ACCOUNT" --regid "$GROUP" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- \
  /usr/bin/env -i "$@"
