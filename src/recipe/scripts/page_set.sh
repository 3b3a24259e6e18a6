# The health check's file comes first and goes last: the load balancer never sees the page alone unless it is to. What
# the project has for both is taken from the checkout; FabulAWS may have left the page itself. A file is whole or not
# there, and any user may read it.
as_user "$deploy_user" sh -eu -c '
html=$1 health=$2 page=$3 message=$4 override=$5
[ -d "$html" ] || { echo "there is no directory $html: is this a web server?" >&2; exit 1; }
place() {
new=$(mktemp "$html/.page.XXXXXX")
if [ -n "$2" ] && [ -f "$2" ]; then cat "$2" >"$new"; else printf "%s\n" "$3" >"$new"; fi
chmod 644 "$new"
mv -f "$new" "$1"
}
plain="<!doctype html><html lang=en><meta charset=utf-8><title>Back soon</title><h1>Back soon</h1><p>This site is being upgraded. Please try again in a few minutes."
up() { [ -e "$html/503.html" ] || place "$html/503.html" "$message" "$plain"; }
case $page in
off) rm -f "$html/503.html"; rm -f "$html$health" ;;
healthy) place "$html$health" "$override" ok; up ;;
unhealthy) up; rm -f "$html$health" ;;
esac
echo "page=$page"' page "$services/nginx/html" "$health_path" "$page" "$upgrade_message" "$healthcheck_override"
