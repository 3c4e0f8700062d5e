#!/usr/bin/env bash
# The quick start of docs/install.md: installs the overlay internal-external and asks both classes. By itself it runs on a
# cluster of this machine (test/stand-in): a real API server's stand-in that starts the pods' programs as their users, with
# read-only roots and networks of their own. That needs root and a build, and ends without a trace.
#   scripts/quick-start.sh                   on this machine     IMAGES=folder: with roots as make image-rootfs makes them
#   scripts/quick-start.sh --cluster         on the cluster of the current kubeconfig, which stays as it is then
#   OVERLAY=single                           the overlay of that name in place of internal-external
set -euo pipefail
cd "$(dirname "$0")/.."
kubectl=${KUBECTL:-kubectl}
overlay=${OVERLAY:-internal-external}

k() { "$kubectl" "$@"; }
step() { printf '\n$ kubectl %s\n' "$*"; k "$@"; }
fail() { printf 'quick-start: %s\n' "$*" >&2; exit 1; }

# --- what a person would type --------------------------------------------------------------------------------------------
quick_start() {
  step apply -k "manifests/overlays/$overlay"
  step -n ingress-arbiter wait --for=condition=Complete job -l app.kubernetes.io/component=certificates --timeout=120s
  step -n ingress-arbiter rollout status deployment -l app.kubernetes.io/name=ingress-arbiter --timeout=180s
  step apply -f manifests/quick-start.yaml
  step rollout status deployment/hello --timeout=120s
  local public staff
  public=$(address_of ingress-arbiter-external)
  staff=$(address_of ingress-arbiter-internal)
  ask 200 hello.example.com "$public"
  ask 200 hello.internal.example.com "$staff"
  # Each load balancer knows the hosts of its own class only.
  ask 404 hello.internal.example.com "$public"
  ask 404 hello.example.com "$staff"
  until_shown hello-public "$public"
  until_shown hello-staff "$staff"
  step get ingress
  printf '\nBoth classes answer.\n'
}

# The overlay single: one class, one process, one load balancer.
quick_start_single() {
  step apply -k manifests/overlays/single
  step -n ingress-arbiter rollout status deployment/ingress-arbiter --timeout=180s
  sed 's/ingressClassName: .*/ingressClassName: nginx/' manifests/quick-start.yaml | step apply -f -
  step rollout status deployment/hello --timeout=120s
  local address
  address=$(address_of ingress-arbiter)
  ask 200 hello.example.com "$address"
  ask 404 other.example.com "$address"
  until_shown hello-public "$address"
  printf '\nThe class answers.\n'
}

start_with_overlay() { if [ "$overlay" = single ]; then quick_start_single; else quick_start; fi; }

address_of() {
  local address='' tries=0
  until [ -n "$address" ]; do
    address=$(k -n ingress-arbiter get service "$1" -o 'jsonpath={.status.loadBalancer.ingress[0].ip}{.status.loadBalancer.ingress[0].hostname}')
    [ $((tries += 1)) -lt 300 ] || fail "the Service $1 gets no address; without load balancers use components/node-ports"
    [ -n "$address" ] || sleep 0.5
  done
  printf '%s' "$address"
}

# The first request may come before the engines have heard of the Ingress.
ask() {
  local wanted=$1 host=$2 address=$3 tries=0 answer
  printf '\n$ curl --connect-to %s:80:%s:80 http://%s/\n' "$host" "$address" "$host"
  until answer=$(curl -s --max-time 5 --noproxy '*' --connect-to "$host:80:$address:80" -w '%{http_code}' "http://$host/") && [ "${answer: -3}" = "$wanted" ]; do
    [ $((tries += 1)) -lt 100 ] || fail "$host at $address answers ${answer: -3} and not $wanted"
    sleep 0.2
  done
  printf '%s  %s\n' "${answer: -3}" "${answer%???}"
}

until_shown() {
  local tries=0
  until [ "$(k get ingress "$1" -o 'jsonpath={.status.loadBalancer.ingress[0].ip}{.status.loadBalancer.ingress[0].hostname}')" = "$2" ]; do
    [ $((tries += 1)) -lt 100 ] || fail "the status of the Ingress $1 does not show $2"
    sleep 0.2
  done
}

# --- a cluster on this machine ----------------------------------------------------------------------------------------------
on_this_machine() {
  [ "$(id -u)" -eq 0 ] || fail 'a cluster on this machine needs root, for namespaces and mounts; on yours: scripts/quick-start.sh --cluster'
  for program in unshare ip setpriv curl "$kubectl"; do command -v "$program" >/dev/null || fail "$program is missing"; done
  [ -e dist/test/stand-in/start.js ] || fail 'there is no build: make build'
  [ -n "${IMAGES:-}" ] || node scripts/bundle.mjs >/dev/null
  exec unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private "$0" --inside
}

inside() {
  state=$(mktemp -d)
  # In these namespaces only, and gone with them.
  mount -t tmpfs -o mode=755 tmpfs "$state"
  node dist/test/stand-in/start.js "$state" >"$state/cluster.out" 2>&1 &
  cluster=$!
  local tries=0
  trap 'status=$?; [ $status -eq 0 ] || { ls -t "$state"/*.log | head -n 8 | xargs tail -n 15; tail -n 15 "$state/cluster.out"; } >&2; kill $cluster 2>/dev/null; wait $cluster || true; umount -l "$state"; rmdir "$state"; exit $status' EXIT
  until grep -q kubeconfig "$state/cluster.out"; do
    kill -0 $cluster 2>/dev/null && [ $((tries += 1)) -lt 300 ] || fail 'the cluster did not start'
    sleep 0.1
  done
  export KUBECONFIG="$state/kubeconfig" KUBECACHEDIR="$state/cache"
  start_with_overlay
  ! grep 'refused:' "$state/cluster.out" || fail 'the roles refused something that was needed'
}

case "${1:-}" in
  --inside) inside ;;
  --cluster) start_with_overlay ;;
  '') on_this_machine ;;
  *) fail "no such option: $1" ;;
esac
