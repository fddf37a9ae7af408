#!/usr/bin/env bash
# A new user's trial of City Gateway, knowing only what README says: publish with mosquitto_pub, pull the plug (kill -9),
# start again, read back through SensorThings with curl. Everything that was acknowledged is there, once.
#
# usage: tests/new_user.sh PATH_OF_CITY_GATEWAY
set -euo pipefail

gateway=${1:?usage: tests/new_user.sh PATH_OF_CITY_GATEWAY}
for tool in mosquitto_pub:mosquitto-clients curl:curl python3:python3; do
    command -v "${tool%%:*}" >/dev/null || { echo "${tool%%:*} is missing: apt-get install ${tool##*:}" >&2; exit 1; }
done
folder=$(mktemp -d)
pid=
trap 'test -z "$pid" || kill -9 "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT

fail() { echo "new user: $*" >&2; cat "$folder/log" >&2; exit 1; }

cat >"$folder/gateway.toml" <<'TOML'
data_dir = "data"
[listen]
mqtt = "127.0.0.1:0"
http = "127.0.0.1:0"
[enrolment]
mode = "open"
[access]
read = "anyone"
TOML

start() {
    rm -f "$folder/data/ports.json"
    "$gateway" run --config "$folder/gateway.toml" 2>>"$folder/log" &
    pid=$!
    for _ in $(seq 200); do
        test ! -e "$folder/data/ports.json" || break
        kill -0 "$pid" 2>/dev/null || fail "the gateway ended at its start"
        sleep 0.05
    done
    mqtt=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["mqtt"].rpartition(":")[2])' "$folder/data/ports.json")
    http=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["http"])' "$folder/data/ports.json")
}

# publish VALUE SECONDS: exits 0 only with the PUBACK.
publish() {
    mosquitto_pub -h 127.0.0.1 -p "$mqtt" -u swing-1 -P a-password-of-mine -i swing-1 -q 1 -t city/swing-1/readings \
        -m "[{\"n\":\"surface_temperature\",\"u\":\"Cel\",\"v\":$1,\"t\":$2}]"
}

start
now=$(date +%s)
for i in $(seq 0 19); do publish "$((20 + i))" "$((now - 40 + i))"; done
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
if publish 99 "$now" 2>/dev/null; then fail "a publish was acknowledged by nobody"; fi
start
# The node was not told whether its last ones arrived: it sends them again, and goes on.
for i in $(seq 15 29); do publish "$((20 + i))" "$((now - 40 + i))"; done

for _ in $(seq 200); do
    ledger=$(curl -fsS "http://$http/api/ledger")
    pending=$(python3 -c 'import json,sys; print(json.loads(sys.argv[1])["all"]["pending"])' "$ledger")
    test "$pending" != 0 || break
    sleep 0.05
done

# As anyone would: find the Thing by its name, its Datastream by the quantity, then the Observations.
things="http://$http/v1.1/Things"
curl -fsS --get "$things" --data-urlencode "\$filter=name eq 'swing-1'" \
    --data-urlencode "\$expand=Datastreams" >"$folder/thing.json"
stream=$(python3 - "$folder/thing.json" <<'PY'
import json, sys
[thing] = json.load(open(sys.argv[1]))["value"]
[stream] = [s for s in thing["Datastreams"] if "aggregate" not in s["properties"]]
assert stream["unitOfMeasurement"]["symbol"], stream
print(stream["Observations@iot.navigationLink"])
PY
) || fail "no such Thing or Datastream: $(cat "$folder/thing.json")"
curl -fsS --get "$stream" --data-urlencode '$orderby=phenomenonTime asc' --data-urlencode '$top=7' >"$folder/page.json"
python3 - "$folder/page.json" "$now" "$ledger" <<'PY' || fail "it does not add up"
import datetime, json, sys, urllib.request
page, now, ledger = json.load(open(sys.argv[1])), int(sys.argv[2]), json.loads(sys.argv[3])
found, pages = [], 0
while True:
    found += page["value"]
    pages += 1
    if "@iot.nextLink" not in page:
        break
    page = json.load(urllib.request.urlopen(page["@iot.nextLink"].replace(" ", "%20")))
def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
stored = [(seconds(o["phenomenonTime"]), o["result"]) for o in found]
assert stored == [(now - 40 + i, 20 + i) for i in range(30)], stored
assert pages >= 5, pages
frames, readings = ledger["all"]["frames"], ledger["all"]["readings"]
assert frames["received"] == 35 and frames["decoded"] == 35 and not frames["rejected"], ledger
assert (readings["stored"], readings["duplicate"], readings["rejected"]) == (30, 5, {}), ledger
PY

kill "$pid"
wait "$pid" || fail "SIGTERM was not a clean end: exit $?"
pid=
echo "new user: 35 messages, one kill, 30 readings read back, 5 known as duplicates"
