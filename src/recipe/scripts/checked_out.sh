case $vcs in
*hg) now=$(as_user "$deploy_user" hg --cwd "$code_root" --debug identify -i) ;;
*) now=$(as_user "$deploy_user" git -C "$code_root" rev-parse HEAD) ;;
esac
now=${now%+}
case $now in
"$changeset"*) echo "$now is checked out" ;;
*) fail "this server has $now checked out, and its settings would be written for $changeset: deploy one release to all servers first. Nothing was changed" ;;
esac
