#!/bin/sh
# Makes the secret fortfail-secrets with strong values, once. One that is there stays as it is: databases and agents know it.
set -eu
namespace=${1:-fortfail}
if kubectl --namespace "$namespace" get secret fortfail-secrets >/dev/null 2>&1; then
  echo "fortfail-secrets is in $namespace already and stays as it is"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
umask 077
random() {
  head -c 48 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'
}
# By files: arguments of a command can be read by every process of this machine.
for key in jwt-secret reg-secret db-password; do random >"$folder/$key"; done
kubectl --namespace "$namespace" create secret generic fortfail-secrets \
  --from-file="$folder/jwt-secret" --from-file="$folder/reg-secret" --from-file="$folder/db-password"
