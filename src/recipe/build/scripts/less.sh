# Without the program that the project's compressor calls there is no manifest, and each page is a 500 (R21).
if [ -z "$node$less" ] && ! grep -rqsw --include='*.py' lessc "$code_root"; then
echo "neither config nor code asks for lessc"
finish
fi
# Where npm puts what everybody may run, before what the distribution has.
export PATH="/usr/local/bin:$PATH"
get() { npm install --global --no-audit --no-fund "$1" </dev/null || fail "npm did not install $1: its last lines say why. See node_version and less_version in fabulaws-config.yml, and resume"; }
command -v node >/dev/null || need nodejs
command -v npm >/dev/null || need npm
major=${node#v}; major=${major%%.*}
has_node() { [ -z "$major" ] || [ "$(node --version | sed 's/^v//; s/\..*//')" = "$major" ]; }
if ! has_node; then
changes "installing Node $node"
get "node@${node#v}"
hash -r
has_node || fail "npm ended well, and Node is $(node --version), not $node: see node_version in fabulaws-config.yml, and what else is in /usr/local/bin on the server"
fi
if [ "$(cat "$state/less" 2>/dev/null)" != "less@${less:-latest}" ] || ! lessc --version >/dev/null 2>&1; then
changes "installing lessc"
get "less@${less:-latest}"
lessc --version || fail "npm ended well, and lessc does not run: look at it on the server, and resume"
mkdir -p "$state"
echo "less@${less:-latest}" >"$state/less"
fi
finish
