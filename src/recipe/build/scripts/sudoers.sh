# Nobody is left without sudo because of a line that cannot be read.
rules=$(mktemp)
trap 'rm -f -- "$rules"' EXIT
for group in $sudo_groups; do echo "%$group ALL=(ALL) NOPASSWD: ALL"; done >"$rules"
visudo -cqf "$rules" || fail "the rules for sudo cannot be read by visudo: see admin_groups in fabulaws-config.yml. They were not installed"
put /etc/sudoers.d/quarterdeck 440 root:root <"$rules"
finish
