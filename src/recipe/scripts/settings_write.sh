# $settings is the whole text. It is checked before anything is touched; with a note the old file is kept for whoever goes
# back, without one no old file is left: an image must not carry secrets of the past.
folder=$(dirname "$local_settings")
as_user "$deploy_user" test -d "$folder" || fail "there is no $folder: the code was never checked out there"
kept=$local_settings.before-$note
forget_old() { as_user "$deploy_user" sh -eu -c 'for old in "$1".before-*; do [ ! -e "$old" ] || rm -f -- "$old"; done' forget "$local_settings"; }
[ -n "$note" ] || forget_old
printf '%s\n' "$settings" | as_user "$deploy_user" "$virtualenv/bin/python" -c 'import ast, sys; ast.parse(sys.stdin.read())' 2>/dev/null ||
fail "the new settings are no Python: the template makes something that cannot be read, or $virtualenv has no Python"
if printf '%s\n' "$settings" | as_user "$deploy_user" cmp -s - "$local_settings"; then
echo "$local_settings is as the template makes it"
exit 0
fi
if [ -n "$note" ] && as_user "$deploy_user" test -e "$local_settings" && ! as_user "$deploy_user" test -e "$kept"; then
forget_old
as_user "$deploy_user" cp -p -- "$local_settings" "$kept"
fi
# A new file can be read by whom the site runs as, and by nobody else; one that is there stays as readable as it is.
printf '%s\n' "$settings" | as_user "$deploy_user" sh -eu -c 'umask 077; cat >"$1.new"; [ ! -e "$1" ] || chmod --reference="$1" -- "$1.new"' write "$local_settings"
if as_user "$deploy_user" test -e "$local_settings"; then as_root chown --reference="$local_settings" -- "$local_settings.new"
elif [ -n "$webserver_user" ] && [ "$webserver_user" != "$deploy_user" ]; then
as_root chgrp -- "$(id -gn "$webserver_user")" "$local_settings.new"
as_root chmod 640 -- "$local_settings.new"
fi
as_user "$deploy_user" mv -f -- "$local_settings.new" "$local_settings"
echo "$local_settings is written"
