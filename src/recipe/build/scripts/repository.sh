owner=$deploy_user:$(id -gn "$deploy_user")
safe=$(mktemp -d)
trap 'rm -rf -- "$safe"' EXIT
way="ssh -o BatchMode=yes -o ConnectTimeout=20"
if [ -n "$host" ]; then
if [ -n "${repository_key:-}" ]; then
(umask 077; printf '%s\n' "$repository_key" >"$safe/key")
ssh-keygen -yP '' -f "$safe/key" >/dev/null 2>&1 || fail "repository_key is no private key without a passphrase: see the file of secrets, and resume"
put "$home/.ssh/quarterdeck-repository" 600 "$owner" <"$safe/key"
put "$home/.ssh/config" 600 "$owner" <<CONF
Host $host
    IdentityFile ~/.ssh/quarterdeck-repository
    IdentitiesOnly yes
    UpdateHostKeys no
CONF
fi
# ssh itself writes into the first file of hosts that it knows: this is the second, which it leaves alone unless it may
# update keys.
if [ -n "$known_hosts" ]; then
put "$home/.ssh/known_hosts2" 644 "$owner" <<KEYS
$known_hosts
KEYS
way="$way -o StrictHostKeyChecking=yes -o UpdateHostKeys=no"
else way="$way -o StrictHostKeyChecking=accept-new"; fi
fi
as_deployer() { as_user "$deploy_user" env "HOME=$home" GIT_TERMINAL_PROMPT=0 "GIT_SSH_COMMAND=$way" "$@"; }
new=$code_root.quarterdeck-new
cannot() {
rm -rf -- "$new"
[ -z "$host" ] || fail "$deploy_user cannot clone $repo: the last lines say why. Where it is the key, the public half of repository_key in the file of secrets must be among those that may read the repository; resume then"
fail "$deploy_user cannot clone $repo: the last lines say why. Mend that, and resume"
}
case $vcs in
*git) is_clone() { [ -d "$code_root/.git" ]; }
origin() { as_deployer "$vcs" -C "$code_root" config --get remote.origin.url || :; }
point() { as_deployer "$vcs" -C "$code_root" remote set-url origin "$repo" 2>/dev/null || as_deployer "$vcs" -C "$code_root" remote add origin "$repo"; }
clone() { as_deployer "$vcs" clone --quiet --no-checkout -- "$repo" "$new"; } ;;
*hg) is_clone() { [ -d "$code_root/.hg" ]; }
origin() { as_deployer "$vcs" -R "$code_root" paths default || :; }
point() { printf '[paths]\ndefault = %s\n' "$repo" | as_deployer sh -c 'cat >"$1"' write "$code_root/.hg/hgrc"; }
clone() { as_deployer "$vcs" clone --quiet --noupdate --config "ui.ssh=$way" -- "$repo" "$new"; } ;;
*) fail "$vcs is neither git nor hg: see vcs_cmd in fabulaws-config.yml" ;;
esac
if ! is_clone; then
if [ -d "$code_root" ]; then rmdir -- "$code_root" || fail "$code_root is no clone, and not empty: move it away, and resume"; fi
changes "cloning $repo"
rm -rf -- "$new"
clone </dev/null || cannot
mv -- "$new" "$code_root"
fi
if [ "$(origin)" != "$repo" ]; then
point
[ "$(origin)" = "$repo" ] || fail "the clone in $code_root does not fetch from $repo, but from $(origin): see its configuration on the server, and resume"
changes "the clone fetches from $repo"
fi
finish
