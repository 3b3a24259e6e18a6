# The site as the server itself sees it: the health check through Nginx as the load balancer asks it, and past Nginx.
# The files are FabulAWS's: with 503.html its Nginx answers everything by the maintenance page, and a file of the health
# check's name answers that, whatever Django says. Output: for each what curl said, with its own words if it failed:
#   nginx
#   answer=200 0.023650
#   gunicorn
#   curl: (7) Failed to connect to 127.0.0.1 port 8000 after 0 ms: Connection refused
#   answer=000 0.000124
#   maintenance=no
#   override=no
command -v curl >/dev/null || { echo 'curl: command not found' >&2; exit 127; }
ask() { echo "$1"; shift; curl -sSk -m 6 -o /dev/null -A quarterdeck --noproxy '*' -w '\nanswer=%{http_code} %{time_total}\n' "$@" 2>&1; }
host=${site#\*}; host=${host#.}; host=${host:-localhost}
ask nginx --resolve "$host:443:127.0.0.1" "https://$host$health_path"
ask gunicorn -H "Host: $host" -H 'X-Forwarded-Proto: https' "http://127.0.0.1:$gunicorn_port$health_path"
html=$services/nginx/html
files='if [ -e "$1/503.html" ]; then echo maintenance=yes; else echo maintenance=no; fi
if [ -e "$1$2" ]; then echo override=yes; else echo override=no; fi'
if [ -x "$html" ]; then set -- "$html" "$health_path"; eval "$files"; else as_user "$deploy_user" sh -c "$files" site "$html" "$health_path"; fi
