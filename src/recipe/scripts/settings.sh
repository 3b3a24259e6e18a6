as_user "$deploy_user" test -f "$local_settings" || fail "there is no $local_settings: the server was never set up"
echo "$local_settings stays as it is"
