as_user "$deploy_user" true || fail "nothing can be done here as $deploy_user"
noted=$home/.quarterdeck-before-$note
as_user "$deploy_user" test -s "$noted" || { echo "nothing was checked out: nothing to take back"; exit 0; }
changeset=$(as_user "$deploy_user" cat "$noted")
note=
