# The files of a server's services. All are made first and then put in place together; old ones are kept for whoever goes
# back.
below=${root%/}
site_user=${webserver_user:-$deploy_user}
pools=$environment-pgbouncer
kept_as=${note:-making}
count=0
forget_old() { as_root sh -eu -c 'for old in "$1".before-* "$1".none-*; do [ ! -e "$old" ] || rm -f -- "$old"; done' forget "$1"; }
each() { i=0; while [ "$i" -lt "$count" ]; do i=$((i+1)); eval "new=\${new_$i-} path=\$path_$i"; "$1"; done; }
put() {
if ! as_root test -e "$path.before-$kept_as" && ! as_root test -e "$path.none-$kept_as"; then
forget_old "$path"
if as_root test -e "$path"; then as_root cp -p -- "$path" "$path.before-$kept_as"
else as_root touch -- "$path.none-$kept_as"; fi
fi
as_root mv -fT -- "$new" "$path"
echo "$path is written"
}
back() {
if as_root test -e "$path.before-$kept_as"; then
as_root mv -fT -- "$path.before-$kept_as" "$path"
echo "$path is as it was before"
elif as_root test -e "$path.none-$kept_as"; then
as_root rm -f -- "$path" "$path.none-$kept_as"
echo "$path is gone again"
fi
}
# A name that leads nowhere would keep Nginx and Supervisor from reading anything.
unlinked() { if [ -L "$1" ] && [ ! -e "$1" ]; then as_root rm -f -- "$1"; fi; }
nginx_link=$below/etc/nginx/sites-enabled/$project-$environment.conf
supervisor_link=$below/etc/supervisor/conf.d/$project-$environment.conf
reread() {
said=$(as_root supervisorctl reread </dev/null 2>&1) || return 1
case $said in *ERROR*) return 1 ;; esac
}
restart_pools() {
as_root supervisorctl update "$pools" </dev/null
as_root supervisorctl restart "$pools:*" </dev/null
said=$(as_root supervisorctl status "$pools:*" </dev/null) || return 1
echo "$said"
}
