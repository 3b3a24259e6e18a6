# The key goes to curl on its standard input, for arguments can be read by everybody.
api=${NEW_RELIC_API:-https://api.newrelic.com/v2}
case $newrelic_api_key in ''|*[!A-Za-z0-9_-]*) fail "newrelic_api_key is no key: letters, digits, dashes" ;; esac
command -v curl >/dev/null || fail "there is no curl here to tell New Relic with"
ask() { printf 'header = "Api-Key: %s"\n' "$newrelic_api_key" | curl --config - --silent --show-error --fail --max-time 20 "$@"; }
body=$(python3 -c 'import json, sys; print(json.dumps({"deployment": {"revision": sys.argv[1], "user": sys.argv[2]}}))' "$changeset" "$deploy_user")
for kind in web celery; do
all=$(ask --get --data-urlencode "filter[name]=$name ($kind)" "$api/applications.json") || fail "New Relic does not answer, or does not take the key"
ids=$(printf '%s' "$all" | python3 -c 'import json, sys
for one in json.load(sys.stdin)["applications"]:
    if one["name"] == sys.argv[1]: print(int(one["id"]))' "$name ($kind)") || fail "what New Relic answers makes no sense"
[ -n "$ids" ] || echo "New Relic knows no application $name ($kind)"
for id in $ids; do
ask --header 'Content-Type: application/json' --data "$body" "$api/applications/$id/deployments.json" >/dev/null || fail "New Relic did not take the deploy of $name ($kind)"
echo "New Relic knows of the deploy of $name ($kind)"
done
done
