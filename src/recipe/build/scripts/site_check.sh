# The way that users come, the certificate apart; no password is asked for.
host=${site#\*}; host=${host#.}; host=${host:-localhost}
body=$(mktemp)
trap 'rm -f -- "$body"' EXIT
answers() { [ "$(curl -qsk -m 20 --noproxy '*' -o "$body" -A quarterdeck -w '%{http_code}' --resolve "$host:443:127.0.0.1" "https://$host$health_path")" = 200 ]; }
leads() { curl -qs -m 20 --noproxy '*' -o /dev/null -w '%{redirect_url}' --resolve "$host:80:127.0.0.1" "http://$host/" | grep -q '^https://'; }
wait_for 60 answers || { head -c 2000 "$body" >&2; fail "Nginx does not answer the health check over HTTPS with 200: its error.log in the project's logs says why. Mend that, and resume"; }
wait_for 10 leads || fail "Nginx does not lead from HTTP to HTTPS: look at the project's nginx.conf, and resume"
echo "Nginx answers the health check over HTTPS, and leads there from HTTP"
exit 0
