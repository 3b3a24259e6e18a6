bad() {
each back
unlinked "$nginx_link"; unlinked "$supervisor_link"
reread || :
[ "$pools_change" = no ] || restart_pools || :
fail "$1. The old files are back"
}
linked() { [ "$(readlink -- "$2" || :)" = "$1" ] || as_root ln -sfnT -- "$1" "$2"; }
each put
linked "$services/supervisor/$environment.conf" "$supervisor_link"
if [ "$site" = yes ]; then
as_root rm -f -- "$below/etc/nginx/sites-enabled/default"
linked "$services/nginx/$environment.conf" "$nginx_link"
grep -qsE '^[[:space:]]*server_names_hash_bucket_size' "$below/etc/nginx/nginx.conf" "$below"/etc/nginx/conf.d/*.conf ||
printf 'server_names_hash_bucket_size 128;\n' | as_root sh -c 'cat >"$1"' write "$below/etc/nginx/conf.d/quarterdeck.conf"
said=$(as_root nginx -t 2>&1) || bad "Nginx refuses its new configuration: $said"
fi
reread || bad "Supervisor refuses its new configuration: $said"
if [ "$pools_change" = yes ]; then
restart_pools || bad "PgBouncer or Stunnel does not run with its new configuration: $said"
else as_root supervisorctl update "$pools" </dev/null; fi
if [ "$site" = yes ]; then
if systemctl is-active -q nginx; then
as_root systemctl reload nginx
echo "Nginx has read its configuration again"
fi
# R9: on boot the server learns its own addresses before anything is asked of it.
boot() { # PATH MODE TEXT
[ -d "${1%/*}" ] || as_root mkdir -p -- "${1%/*}"
if ! printf '%s\n' "$3" | as_root cmp -s - "$1"; then
printf '%s\n' "$3" | as_root sh -eu -c 'umask 077; cat >"$1.new"; chmod "$2" -- "$1.new"; mv -f -- "$1.new" "$1"' write "$1" "$2"
echo "$1 is written"
fi
}
boot "$below/usr/local/lib/quarterdeck/own-addresses" 755 "$boot_script"
boot "$below/etc/systemd/system/quarterdeck-own-addresses.service" 644 "$boot_unit"
# It counts from the next boot on: nothing needs to be read anew before.
as_root systemctl --no-reload enable -q quarterdeck-own-addresses.service
fi
if [ -z "$note" ]; then
forget() { forget_old "$path"; }
each forget
# FabulAWS's own way does the same without a token, and would write what a refusal says.
if grep -qs 169.254.169.254 "$below/etc/rc.local" && grep -q ALLOWED_HOSTS "$below/etc/rc.local"; then
as_root mv -f -- "$below/etc/rc.local" "$below/etc/rc.local.before-quarterdeck"
echo "$below/etc/rc.local, which learnt the addresses before, is set aside"
fi
fi
