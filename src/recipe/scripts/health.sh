# Past Nginx: its file for the health check says nothing about Django.
command -v curl >/dev/null || fail 'curl: command not found'
host=${site#\*}; host=${host#.}; host=${host:-localhost}
body=$(mktemp); trap 'rm -f "$body"' EXIT
ask() { curl -sS -m 10 -o "$body" -A quarterdeck --noproxy '*' -w '%{http_code}' -H "Host: $host" -H 'X-Forwarded-Proto: https' "http://127.0.0.1:$gunicorn_port$health_path" 2>&1 || :; }
waited=0
while :; do
: >"$body"
answer=$(ask)
case $answer in 200) echo "Gunicorn answers the health check with 200"; exit 0 ;; esac
[ "$waited" -lt "$patience" ] || break
sleep 2; waited=$((waited+2))
done
echo "Gunicorn answers the health check with $answer" >&2
head -c 2000 "$body" | head -n 15 >&2
exit 1
