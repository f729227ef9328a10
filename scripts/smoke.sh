#!/bin/sh
# Smoke test of the first API: token, snapshot, restore job, command, and then a real restore whose bytes are compared.
# Exits 0 only when all of it worked. Needs curl, tar, and jq or node.
#
#   ORCHESTRATOR_URL   default http://localhost:8000
#   ORCH_REG_SECRET    the registration secret; or ORCH_REG_SECRET_FILE, a file that holds it
#                      (default: the one that FortFail made, in secrets/reg of its data folder)
#   SMOKE_TRIES        how often to look whether it is ready, every 2 seconds (default 30)
set -u

url=${ORCHESTRATOR_URL:-http://localhost:8000}
url=${url%/}
agent="smoke-agent-$(date +%s)-$$"
snapshot="snapshot-$agent"
work=$(mktemp -d "${TMPDIR:-/tmp}/fortfail-smoke.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
chmod 700 "$work"
summary=

say() { printf '%s\n' "$*"; }
passed() {
  summary="$summary
  ok      $1"
  say "ok      $1"
}
failed() {
  say "FAILED  $1${2:+: $2}" >&2
  say "$summary
  FAILED  $1"
  exit 1
}

command -v curl >/dev/null 2>&1 || failed 'this machine' 'curl is missing'
if command -v jq >/dev/null 2>&1; then
  # json EXPRESSION: of the document on standard input; nothing for null.
  json() { jq -r "$1 // empty"; }
elif command -v node >/dev/null 2>&1; then
  json() {
    node -e '
      const document = JSON.parse(require("fs").readFileSync(0, "utf8"));
      const expression = process.argv[1];
      const value = expression === "length" ? document.length : expression.slice(1).split(".").filter(Boolean)
        .reduce((at, key) => at?.[/^\[\d+\]$/.test(key) ? Number(key.slice(1, -1)) : key], document);
      if (value !== null && value !== undefined && value !== false) console.log(value);
    ' "$1"
  }
else
  failed 'this machine' 'jq or node is missing'
fi
sum() { if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

# ask METHOD PATH [JSON]: the answer in $work/answer. Secrets go through files of ours, never through arguments.
ask() {
  printf '%s' "${3-}" >"$work/body"
  if [ -n "${3-}" ]; then
    status=$(curl -sS -o "$work/answer" -w '%{http_code}' -X "$1" -H @"$work/headers" -H 'Content-Type: application/json' --data-binary @"$work/body" "$url$2" 2>"$work/error")
  else
    status=$(curl -sS -o "$work/answer" -w '%{http_code}' -X "$1" -H @"$work/headers" "$url$2" 2>"$work/error")
  fi
  [ "$status" = 200 ]
}
why() { if [ "${status:-000}" = 000 ]; then cat "$work/error"; else say "status $status, $(cat "$work/answer" 2>/dev/null)"; fi; }

secret=${ORCH_REG_SECRET:-}
file=${ORCH_REG_SECRET_FILE:-}
if [ -z "$secret" ] && [ -z "$file" ]; then
  for data in "${FORTFAIL_DATA:-}" /var/lib/fortfail "${XDG_DATA_HOME:-$HOME/.local/share}/fortfail"; do
    if [ -n "$data" ] && [ -r "$data/secrets/reg" ]; then file="$data/secrets/reg" && break; fi
  done
fi
[ -n "$secret" ] || [ -z "$file" ] || secret=$(cat "$file") || failed 'registration secret' "$file cannot be read"
[ -n "$secret" ] || failed 'registration secret' 'set ORCH_REG_SECRET, or FORTFAIL_DATA to the data folder'

say "FortFail smoke test of $url as $agent"
printf 'Accept: application/json\n' >"$work/headers"

# 1. Ready
tries=${SMOKE_TRIES:-30}
until ask GET /health/ready; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || failed '1 ready' "$(why)"
  sleep 2
done
passed '1 ready'

# 2. Token
ask POST /auth/token "{\"registration_secret\":\"$secret\",\"agent_id\":\"$agent\"}" || failed '2 token' "$(why)"
token=$(json .token <"$work/answer")
[ -n "$token" ] || failed '2 token' 'the answer has none'
printf 'Accept: application/json\nAuthorization: Bearer %s\n' "$token" >"$work/headers"
rm -f "$work/body"
passed '2 token'

# 3. Snapshot
mkdir -p "$work/source/folder"
printf 'FortFail smoke test %s\n' "$agent" >"$work/source/hello.txt"
head -c 262144 /dev/urandom >"$work/source/folder/random.bin"
: >"$work/source/folder/empty"
tar -czf "$work/sent.tar.gz" -C "$work/source" . || failed '3 snapshot' 'tar failed'
checksum=$(sum "$work/sent.tar.gz")
size=$(wc -c <"$work/sent.tar.gz" | tr -d ' ')
ask POST /snapshots "{\"id\":\"$snapshot\",\"agent_id\":\"$agent\",\"checksum\":\"$checksum\",\"size\":$size,\"metadata\":{\"test\":true}}" ||
  failed '3 snapshot registered' "$(why)"
presigned=$(json .presigned_url <"$work/answer")
if [ -n "$presigned" ]; then
  printf 'url = "%s"\n' "$presigned" >"$work/curl"
  status=$(curl -sS -o "$work/answer" -w '%{http_code}' -X PUT --data-binary @"$work/sent.tar.gz" --config "$work/curl" 2>"$work/error")
  how='by presigned URL'
else
  status=$(curl -sS -o "$work/answer" -w '%{http_code}' -H @"$work/headers" -F "file=@$work/sent.tar.gz" "$url/snapshots/$snapshot/object" 2>"$work/error")
  how='as a form'
fi
[ "$status" = 200 ] || failed '3 snapshot uploaded' "$(why)"
passed "3 snapshot registered and uploaded $how"

# 4. Restore job
ask POST /restore-jobs "{\"snapshot_id\":\"$snapshot\",\"target_agent_id\":\"$agent\"}" || failed '4 restore job' "$(why)"
job=$(json .id <"$work/answer")
[ -n "$job" ] || failed '4 restore job' 'the answer has no id'
passed "4 restore job $job"

# 5. Command
ask GET "/agent/$agent/commands" || failed '5 command' "$(why)"
count=$(json length <"$work/answer")
[ "${count:-0}" -ge 1 ] || failed '5 command' 'the queue is empty'
grep -q "\"$job\"" "$work/answer" || failed '5 command' 'none is for this job'
passed "5 command queued ($count)"

# 6. Status
ask GET "/restore-jobs/$job" || failed '6 job status' "$(why)"
state=$(json .status <"$work/answer")
[ "$state" = pending ] || failed '6 job status' "it is '$state' and should be 'pending'"
passed "6 job status $state"

# 7. Agents
ask GET /agents || failed '7 agents' "$(why)"
grep -q "\"$agent\"" "$work/answer" || failed '7 agents' 'this one is not among them'
passed "7 agents ($(json length <"$work/answer"))"

# 8. Restore, really
event() { ask POST "/agent/$agent/events" "{\"job_id\":\"$job\",\"snapshot_id\":\"$snapshot\",\"event_type\":\"$1\",\"message\":\"smoke test\"}"; }
event restore_started || failed '8 restore reported' "$(why)"
status=$(curl -sS -o "$work/got.tar.gz" -w '%{http_code}' -H @"$work/headers" "$url/snapshots/$snapshot/object" 2>"$work/error")
[ "$status" = 200 ] || failed '8 download' "status $status $(cat "$work/error")"
[ "$(sum "$work/got.tar.gz")" = "$checksum" ] || failed '8 download' 'its checksum is not the one that was registered'
cmp -s "$work/sent.tar.gz" "$work/got.tar.gz" || failed '8 download' 'its bytes are not those that were sent'
mkdir "$work/restored"
tar -xzf "$work/got.tar.gz" -C "$work/restored" || failed '8 restore' 'tar failed'
diff -r "$work/source" "$work/restored" >"$work/error" 2>&1 || failed '8 restore' "$(head -5 "$work/error")"
event restore_completed || failed '8 restore reported' "$(why)"
ask GET "/restore-jobs/$job" || failed '8 job status' "$(why)"
state=$(json .status <"$work/answer")
[ "$state" = completed ] || failed '8 job status' "it is '$state' and should be 'completed'"
passed "8 restored and compared, $size bytes, job $state"

say "
Smoke test passed:$summary"
