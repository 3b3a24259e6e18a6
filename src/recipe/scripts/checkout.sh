# Nothing is fetched that is there already: going back to an earlier changeset needs no repository.
cd "$code_root" || fail "there is no checkout in $code_root"
in_checkout() { as_user "$deploy_user" env "HOME=$home" GIT_TERMINAL_PROMPT=0 "GIT_SSH_COMMAND=${GIT_SSH_COMMAND:-ssh -o BatchMode=yes -o ConnectTimeout=20}" "$@"; }
cannot_fetch() { fail "$changeset is not in the checkout and cannot be fetched: $deploy_user needs a key that may read the repository"; }
current() {
case $vcs in
*git) in_checkout "$vcs" rev-parse HEAD ;;
*hg) in_checkout "$vcs" log --rev . --template '{node}' ;;
esac
}
# What was there before, once, for whoever goes back.
as_user "$deploy_user" true || fail "nothing can be done here as $deploy_user"
if [ -n "${note:-}" ] && ! as_user "$deploy_user" test -s "$home/.quarterdeck-before-$note"; then
before=$(current) && [ -n "$before" ] || fail "what is checked out in $code_root cannot be told"
as_user "$deploy_user" sh -eu -c 'printf "%s\n" "$2" >"$1.new"; mv -f "$1.new" "$1"' note "$home/.quarterdeck-before-$note" "$before"
fi
as_root find "$code_root" -name '*.pyc' -delete
case $vcs in
*git)
if ! in_checkout "$vcs" cat-file -e "$changeset^{commit}" 2>/dev/null; then
echo "fetching"
in_checkout "$vcs" fetch --quiet --prune origin || cannot_fetch
fi
in_checkout "$vcs" checkout --quiet --force --detach "$changeset^{commit}" || fail "there is no changeset $changeset in the repository"
;;
*hg)
if ! in_checkout "$vcs" log --rev "$changeset" --template x >/dev/null 2>&1; then
echo "fetching"
in_checkout "$vcs" pull --quiet --config 'ui.ssh=ssh -o BatchMode=yes -o ConnectTimeout=20' || cannot_fetch
fi
in_checkout "$vcs" update --quiet --clean --rev "$changeset" || fail "there is no changeset $changeset in the repository"
;;
*) fail "$vcs is neither git nor hg" ;;
esac
now=$(current)
case $now in
"$changeset"*) echo "changeset=$now" ;;
*) fail "the checkout is at $now, not at $changeset" ;;
esac
