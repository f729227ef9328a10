#!/bin/sh
# Makes the secrets of the compose stack: once, at its first start, each into the volume of who needs it and of nobody else.
# ORCH_JWT_SECRET and ORCH_REG_SECRET are taken when they are given; the others are for this stack alone and never typed.
# What is there already stays, so that a new start changes nothing.
set -eu
umask 077
root=${SECRETS_DIR:-/secrets}
site=${SITE_UID:-10001}
database=${DATABASE_UID:-70} # postgres in its alpine image
store=${STORE_UID:-0}        # minio runs as root in its image

random() {
  head -c 48 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'
}

# write FOLDER/NAME OWNER VALUE: whole or not at all.
write() {
  mkdir -p "$root/${1%/*}"
  printf %s "$3" >"$root/$1.new"
  chmod 0400 "$root/$1.new"
  chown "$2:$2" "$root/$1.new" "$root/${1%/*}"
  mv "$root/$1.new" "$root/$1"
}

# value FOLDER/NAME GIVEN: what was given, else what is there, else something new.
value() {
  if [ -n "$2" ]; then
    printf %s "$2"
  elif [ -s "$root/$1" ]; then
    cat "$root/$1"
  else
    random
  fi
}

jwt=$(value site/jwt "${ORCH_JWT_SECRET-}")
reg=$(value site/reg "${ORCH_REG_SECRET-}")
password=$(value database/password '')
key=$(value store/root-password '')

write database/password "$database" "$password"
write store/root-password "$store" "$key"
write site/jwt "$site" "$jwt"
write site/reg "$site" "$reg"
write site/s3-secret-key "$site" "$key"
write site/database-url "$site" "postgresql://fortfail:$password@postgres:5432/fortfail"
write agent/reg "$site" "$reg"
echo 'secrets are in their volumes'
