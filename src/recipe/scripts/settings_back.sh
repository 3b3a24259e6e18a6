kept=$local_settings.before-$note
if as_user "$deploy_user" test -e "$kept"; then
as_user "$deploy_user" mv -f -- "$kept" "$local_settings"
echo "$local_settings is as it was before"
else
echo "$local_settings was not changed"
fi
