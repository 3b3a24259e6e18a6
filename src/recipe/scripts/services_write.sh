nothing_left() { [ -z "${making-}" ] || as_root rm -f -- "$making"; each rest; }
rest() { [ -z "$new" ] || as_root rm -f -- "$new"; }
trap nothing_left EXIT
pools_change=no
# Beat and the camera run on one worker of the environment only, after a reboot, too.
on_one_worker() { awk -v beat="$beat" '/^\[/ { once = beat == "no" && $0 ~ /^\[program:.*-celery(beat|cam)\]/; print; if (once) print "autostart=false"; next }
once && /^autostart[ =]/ { next }
{ print }'; }
# A name and a line with its password become what Nginx reads, with the salt that is in use already.
line='
'
hashed() {
salt=$(as_root cat "$path" 2>/dev/null | cut -d'$' -f3) || salt=
hash=$(printf '%s\n' "${text#*"$line"}" | openssl passwd -apr1 ${salt:+-salt "$salt"} -stdin) || fail "openssl makes no hash of the password for Nginx: is it installed?"
text=${text%%"$line"*}:$hash
}
folder_of() {
as_root test -d "$1" && return
case $1 in "$services"/*) as_user "$deploy_user" mkdir -p -- "$1" ;; *) as_root mkdir -p -- "$1" ;; esac
}
# VARIABLE PATH ACCESS
stage() {
eval "text=\$$1"
path=$2
case $3 in
open) owner=$deploy_user mode=644 ;;
run) owner=$deploy_user mode=755 ;;
deploy) owner=$deploy_user mode=600 ;;
site) owner=$site_user mode=600 ;;
root) owner=root mode=644 ;;
nginx) owner=root:www-data mode=640 ;;
esac
folder_of "${path%/*}"
[ "$1" != nginx_password ] || hashed
making=$(as_root mktemp "${path%/*}/.quarterdeck.XXXXXX")
case $1 in
supervisor) printf '%s\n' "$text" | sed "s/@quarterdeck-workers@/$workers/g" | on_one_worker ;;
*) printf '%s\n' "$text" ;;
esac | as_root sh -c 'cat >"$1"' write "$making"
as_root test -s "$making" || fail "nothing would stand in $path"
as_root chown -- "$owner" "$making"
as_root chmod "$mode" "$making"
if as_root cmp -s "$making" "$path" && [ "$(as_root stat -c '%U %a' "$making")" = "$(as_root stat -c '%U %a' "$path")" ]; then
as_root rm -f -- "$making"; making=
echo "$path is as its template makes it"
return
fi
count=$((count+1))
eval "new_$count=\$making path_$count=\$path"
making=
case $1 in pgbouncer|pgbouncer_users|stunnel) pools_change=yes ;; esac
}
workers=$(($(nproc) * multiplier))
