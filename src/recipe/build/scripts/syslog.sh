need rsyslog
conf=/etc/rsyslog.d/$project-$environment.conf
# Where it is confined, as Ubuntu does it, it reads only what its profile names.
profile=/etc/apparmor.d/usr.sbin.rsyslogd
if [ -e "$profile" ]; then
rules=$(printf '%s\n' "$paths" | while read -r path; do if [ -n "$path" ]; then echo "$path r,"; fi; done)
put /etc/apparmor.d/rsyslog.d/quarterdeck 644 root:root <<CONF
$rules
CONF
if [ -n "$changed" ] && ! systemd-detect-virt -cq && command -v apparmor_parser >/dev/null; then
apparmor_parser -r "$profile" || fail "apparmor does not take $profile with what /etc/apparmor.d/rsyslog.d/quarterdeck adds: its last lines say why. Mend that, and resume"
fi
fi
put "$conf" 644 root:root <<CONF
$settings
CONF
rsyslogd -N1 >"$work/said" 2>&1 || fail "rsyslog cannot read its settings with $conf: $(grep -v 'validation run' "$work/said" | head -n 2 | tr '\n' ' ')See syslog_server, gelf_log_host and extra_log_files in fabulaws-config.yml"
settle rsyslog "$conf"
finish
