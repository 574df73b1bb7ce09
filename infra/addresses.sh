#!/bin/sh
# Says where a started stack answers and where its logins stand.
#   infra/addresses.sh [FILE]    FILE: the settings it was started with (default: .env)
set -eu
file=${1:-.env}
value() {  # value NAME: the last one written, without quotes and comment, as compose reads it
  sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1[[:space:]]*=[[:space:]]*[\"']\{0,1\}\([^\"'[:space:]]*\).*/\2/p" "$file" | tail -1
}
console=$(value MINIO_CONSOLE_PORT)
management=$(value RABBITMQ_MANAGEMENT_PORT)
profiles=,${COMPOSE_PROFILES:-$(value COMPOSE_PROFILES)},
echo
case $profiles in *,minio,*)
  echo "MinIO console   http://localhost:${MINIO_CONSOLE_PORT:-$console}    login: MINIO_ROOT_USER and MINIO_ROOT_PASSWORD in $file" ;;
esac
case $profiles in *,rabbitmq,*)
  echo "RabbitMQ        http://localhost:${RABBITMQ_MANAGEMENT_PORT:-$management}   login: RABBITMQ_USER and RABBITMQ_PASSWORD in $file" ;;
esac
echo "Drop a document into the bucket darkchannel-inbox; the audiobook appears in darkchannel-output."
