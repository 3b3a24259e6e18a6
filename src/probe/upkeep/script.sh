# What wants attention at some time. It looks at the package lists as they are, and asks no mirror. Output:
#   reboot=yes                       or no
#   system=Ubuntu 22.04.5 LTS
#   upgrades=12                      not there where the package tool does not say
#   security=5
reboot=no; [ -e /run/reboot-required ] && reboot=yes
echo "reboot=$reboot"
(. /etc/os-release && echo "system=$PRETTY_NAME")
check=/usr/lib/update-notifier/apt-check
if [ -x "$check" ] && counts=$(nice "$check" 2>&1); then
case $counts in *[!0-9\;]*) ;; *\;*) printf 'upgrades=%s\nsecurity=%s\n' "${counts%;*}" "${counts#*;}"; exit ;; esac
fi
command -v apt-get >/dev/null || exit 0
list=$(nice apt-get -s -qq -o Debug::NoLocking=true dist-upgrade) || exit 0
printf '%s\n' "$list" | awk '/^Inst /{ n++; if (/[Ss]ecurity/) s++ } END { printf "upgrades=%d\nsecurity=%d\n", n, s }'
