#!/bin/sh
# Writes .env, with random secrets, the first time; later adds the names that are missing and changes nothing else.
#   infra/env.sh [FILE]    (default: .env)
set -eu
file=${1:-.env}
umask 077
[ -e "$file" ] || {
  echo "# Settings and secrets of this DarkChannel; .env.example says what else may stand here." >"$file"
  echo "wrote $file with new random secrets"
}
chmod 600 "$file"

# The last line may lack its line feed.
[ -z "$(tail -c 1 "$file")" ] || echo >>"$file"

add() {  # add NAME VALUE: only where the name has no line yet
  grep -q "^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1[[:space:]]*=" "$file" || printf '%s=%s\n' "$1" "$2" >>"$file"
}
secret() {  # letters and digits only: safe in a URL and in this file
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

signing_secret() {  # base64, as https://github.com/standard-webhooks/standard-webhooks wants it
  printf 'whsec_'
  head -c 30 /dev/urandom | base64 | tr -d '\n'
}

add COMPOSE_PROFILES minio,rabbitmq
add MINIO_PORT 9000
add MINIO_CONSOLE_PORT 9001
add RABBITMQ_MANAGEMENT_PORT 15672
add MINIO_PUBLIC_URL 'http://localhost:${MINIO_PORT}'
add MINIO_ROOT_USER darkchannel
add MINIO_ROOT_PASSWORD "$(secret)"
add RABBITMQ_USER darkchannel
add RABBITMQ_PASSWORD "$(secret)"
add MINIO_ACCESS_KEY darkchannel-operator
add MINIO_SECRET_KEY "$(secret)"
add MINIO_READER_ACCESS_KEY darkchannel-reader
add MINIO_READER_SECRET_KEY "$(secret)"
for service in SPLITTER SYNTHESIZER MERGER PUBLISHER HANDOFF_NOTIFIER RECONCILER; do
  add "MINIO_${service}_SECRET_KEY" "$(secret)"
done
add WEBHOOK_SECRETS "default=$(signing_secret)"
